// What a run will need, found by running its steps on a planning device.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "net/network.h"
#include "record/config.h"

namespace revnet {

struct MemoryPlan {
  std::int64_t parameters = 0;      // count
  std::int64_t macs_per_image = 0;  // forward
  std::size_t arena_bytes = 0;        // what the arena must hold
  std::size_t peak_bytes = 0;         // alive at one time
  std::array<std::size_t, memory_purposes> peak_by_purpose{};

  std::size_t peak(MemoryPurpose purpose) const { return peak_by_purpose[static_cast<std::size_t>(purpose)]; }
};

// One training step and one evaluation batch. Exact: a real device of as many threads takes the same buffers
// in the same order. With room for gradients computed in further modes while
// normalisations are observed.
MemoryPlan plan_memory(const Architecture& architecture, const NetworkOptions& options, int threads,
                       const std::vector<ActivationMode>& also = {});

// The largest batch of which `bytes(batch)` is at most `limit`; 0 if not even one fits. bytes must not fall.
std::int64_t largest_batch(std::uint64_t limit, const std::function<std::uint64_t(std::int64_t)>& bytes);

}  // namespace revnet
