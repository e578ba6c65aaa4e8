// revnet-compare memory --memory-limit: the largest batch whose training fits into so much memory.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "study/memory_study.h"

namespace revnet {

struct LargestBatch {
  std::int64_t batch = 0;            // 0: not even one image fits
  std::uint64_t planned_bytes = 0;   // of a training with this batch, or else with one image
  std::uint64_t resident_bytes = 0;  // the peak of a process that ran a step of it; 0 if none did
};

// Runs a step of these settings in a fresh process. Returns nothing if a signal ended it.
using RunStep = std::function<std::optional<MemoryResult>(const Config& config)>;

// Finds the batch for resolved settings, with room for a training's checkpoint while it is written, and for
// images: of CIFAR, or as many photographs as ImageNet has. `run` measures what a process needs beside its
// arena, and tries the batch that was found; without it, both are planned. Returns nothing if a signal ended
// a step.
std::optional<LargestBatch> find_largest_batch(Config config, std::uint64_t limit, const RunStep& run);

}  // namespace revnet
