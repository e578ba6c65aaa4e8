// Seconds of a training step, beside the floor (floor.h) measured in the same run.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "record/config.h"
#include "study/floor.h"
#include "tensor/profile.h"

namespace revnet {

// What to measure.
struct SpeedCase {
  Config::Network network;  // in results, resolved
  std::int64_t batch = 100;
  int threads = 1;
};

struct SpeedOptions {
  Config::Network::Convolution convolution = Config::Network::Convolution::automatic;  // of all networks
  std::int64_t steps = 20;                                                             // timed
  bool profile = false;
};

// What was measured.
struct SpeedResult {
  SpeedCase of;
  std::vector<double> step_seconds;
  double floor_seconds = 0;
  double floor_seconds_out_of_cache = 0;
  double flops = 0;                      // of a step, counted as direct convolutions
  std::uint64_t saved_bytes = 0;         // saved activations, at most
  std::uint64_t peak_bytes = 0;          // everything the ledger counts, at most
  std::vector<IsolatedPrimitive> floor;  // what the floor is made of
  std::int64_t profiled_steps = 0;
  Profile profile;  // of the profiled steps together
};

// Steps are whole: batch, gradient, running averages, update. Between any two, every primitive of the floor
// is timed once, so that whatever slows the machine slows both. Data: the synthetic set. The device of an
// earlier measurement must be gone, since the number of OpenMP threads belongs to the process.
// `stop`: asked before each step; if it says so, what was measured so far is the result.
SpeedResult measure_speed(const SpeedCase& what, const SpeedOptions& options,
                          const std::function<bool()>& stop);

}  // namespace revnet
