// Whether a plan fits into the memory that this process may take.
#pragma once

#include <cstdint>

#include "record/config.h"
#include "system/memory_limit.h"
#include "train/memory_plan.h"

namespace revnet {

// What a process takes before a network is there (code, libraries) and for its threads and generated code.
std::uint64_t bytes_of_process(int threads);

// What a training takes beside its arena, from the time when data and plan are there: generated code,
// threads, and a checkpoint while it is written; with several ranks, gradients on their way.
std::uint64_t bytes_beside_arena(const MemoryPlan& plan, int threads, int ranks = 1);

// The ranks of a run, and those of them that share this host's memory.
struct Ranks {
  int all = 1, here = 1;
};

// Error that names the limit and the largest batch that fits, where the plan, of one rank's shard, does not.
// `also` as in plan_memory. The ranks of a host take the same from what a limit leaves.
void check_memory(const Config& config, const MemoryPlan& plan, const std::vector<ActivationMode>& also,
                  const MemoryLimit& limit, Ranks ranks = {});

}  // namespace revnet
