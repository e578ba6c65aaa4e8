// Seconds per training step, next to the floor (floor.h) measured in the same run.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "record/config.h"
#include "study/floor.h"
#include "tensor/profile.h"

namespace revnet {

struct SpeedCase {
  Config::Network network;  // resolved in results
  std::int64_t batch = 100;
  int threads = 1;
  int image_size = 0, classes = 0;  // 0: those that the network is made for; resolved in results
};

struct SpeedOptions {
  std::int64_t steps = 20;  // timed steps
  bool profile = false;
};

struct SpeedResult {
  SpeedCase of;
  std::vector<double> step_seconds;
  double floor_seconds = 0;
  double floor_seconds_out_of_cache = 0;
  double flops = 0;                      // of a step, by definition: Winograd counts as direct convolution
  std::uint64_t saved_bytes = 0;         // peak of saved activations
  std::uint64_t peak_bytes = 0;          // peak of everything the ledger counts
  std::vector<IsolatedPrimitive> floor;  // the primitives of the floor
  std::int64_t profiled_steps = 0;       // one without --profile, for the limit
  Profile profile;                       // sum over the profiled steps
};

// Times whole steps: batch, gradient, running averages and update. Images come from the synthetic set, or
// are random pixels for networks made for larger images than the set's. Between steps, every primitive of the
// floor is timed once, so that whatever slows the machine down affects both. The device of an earlier
// measurement must be gone, since the number of OpenMP threads belongs to the process. `stop` is polled
// before each step; once it returns true, the result is what was measured so far. Throws Error if the case
// needs more memory than this process may use.
SpeedResult measure_speed(const SpeedCase& what, const SpeedOptions& options,
                          const std::function<bool()>& stop);

}  // namespace revnet
