// Whether a plan fits into the memory that this process may take.
#pragma once

#include <cstdint>

#include "base/memory_limit.h"
#include "record/config.h"
#include "train/memory_plan.h"

namespace revnet {

// What a training takes beside its arena, from the time when data and plan are there: generated code,
// threads, and a checkpoint while it is written.
std::uint64_t bytes_beside_arena(const MemoryPlan& plan, int threads);

// Error that names the limit and the largest batch that fits, where the plan does not. `also` as in
// plan_memory.
void check_memory(const Config& config, const MemoryPlan& plan, const std::vector<ActivationMode>& also,
                  const MemoryLimit& limit);

}  // namespace revnet
