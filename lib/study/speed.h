// Seconds per training step, next to the floor (floor.h) measured in the same run.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "settings/config.h"
#include "study/floor.h"
#include "study/machine.h"
#include "tensor/profile.h"

namespace revnet {

struct SpeedOptions {
  std::int64_t steps = 20;  // timed steps
  bool profile = false;
};

struct SpeedResult {
  Config of;
  std::vector<double> step_seconds;
  double floor_seconds = 0;
  double floor_seconds_out_of_cache = 0;
  double flops = 0;                      // of a step, by definition: Winograd counts as direct convolution
  std::uint64_t saved_bytes = 0;         // peak of saved activations
  std::uint64_t peak_bytes = 0;          // peak of everything the ledger counts
  std::vector<IsolatedPrimitive> floor;  // the primitives of the floor
  std::int64_t profiled_steps = 0;       // one without --profile, for the limit
  Profile profile;                       // sum over the profiled steps
  double sgemm_gflops = 0;               // the best speed of a matrix product with these threads
  Peak peak;                             // with these threads
};

// Times whole steps by resolved settings of for_measuring() (setup.h): batch, gradient, running averages and
// update. Photographs are random pixels. Between steps, every primitive of the floor is timed once, so that
// whatever slows the machine down affects both; what the machine can do is measured before and after. The
// device of an earlier measurement must be gone, since the number of OpenMP threads belongs to the process.
// `stop` is polled before each step; once it returns true, the result is what was measured so far. Throws
// Error if the case needs more memory than this process may use.
SpeedResult measure_speed(const Config& config, const SpeedOptions& options,
                          const std::function<bool()>& stop);

}  // namespace revnet
