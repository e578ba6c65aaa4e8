// Checks that a run fits into the memory that this process may use.
#pragma once

#include <cstdint>

#include "settings/config.h"
#include "system/memory_limit.h"
#include "train/memory_plan.h"

namespace revnet {

// Estimates the bytes of a process without a network: code, libraries, threads and generated code.
std::uint64_t bytes_of_process(int threads);

// What a checkpoint takes beside the arena while it is written.
std::uint64_t bytes_of_checkpoint(const Config& config, const MemoryPlan& plan);

// Estimates what a training takes beside its arena once data and plan exist: generated code, threads, and a
// checkpoint while it is written; with several ranks, also the buckets of gradients.
std::uint64_t bytes_beside_arena(const Config& config, const MemoryPlan& plan, std::int64_t ranks = 1);

// Estimates what a process that trains takes in all; `config` has the share of one of so many ranks.
std::uint64_t bytes_of_training(const Config& config, const MemoryPlan& plan, std::int64_t ranks = 1);

// The number of ranks in a run, and of those that share this host's memory.
struct Ranks {
  int all = 1, here = 1;
};

// Throws an Error if the plan for one rank's shard does not fit. It names the limit and the largest batch
// that fits, or with micro-batches the largest micro-batch that does and divides the shard. `also` is as in
// plan_memory; if it is not empty, room is left for what measures the gradient angle. The ranks of a host
// share equally in what a limit leaves, unless each has a limit of its own. `beside` is what the caller needs
// on top.
void check_memory(const Config& config, const MemoryPlan& plan, const std::vector<ActivationMode>& also,
                  const MemoryLimit& limit, Ranks ranks = {}, std::uint64_t beside = 0);

}  // namespace revnet
