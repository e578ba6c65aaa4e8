// The memory that a run needs, found by running its steps on a planning device.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "net/network.h"
#include "settings/config.h"

namespace revnet {

struct MemoryPlan {
  std::int64_t parameters = 0;      // count
  std::int64_t macs_per_image = 0;  // forward
  std::size_t arena_bytes = 0;      // the size that the arena must have
  std::size_t peak_bytes = 0;       // the most bytes alive at one time
  std::array<std::size_t, memory_purposes> peak_by_purpose{};

  std::size_t peak(MemoryPurpose purpose) const { return peak_by_purpose[static_cast<std::size_t>(purpose)]; }
};

// Plans a training step, a pass that recalibrates statistics, and an evaluation batch. The plan is exact: a
// real device with the same number of threads allocates the same buffers in the same order. It leaves room
// for computing gradients in the further modes of `also` while normalisations are observed.
MemoryPlan plan_memory(const Architecture& architecture, const NetworkOptions& options, int threads,
                       const std::vector<ActivationMode>& also = {});
// Plans a run in a single process, by resolved settings.
MemoryPlan plan_memory(const Config& config, const std::vector<ActivationMode>& also = {});

// Returns the largest batch for which `bytes(batch)` is at most `limit`, or 0 if there is none. `bytes` must
// be monotonic.
std::int64_t largest_fitting(std::uint64_t limit, const std::function<std::uint64_t(std::int64_t)>& bytes);

}  // namespace revnet
