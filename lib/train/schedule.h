// The learning rate as a function of the iteration: warm-up, then steps or half a cosine.
#pragma once

#include <cstdint>
#include <vector>

#include "settings/config.h"

namespace revnet {

// The iteration at which a fraction of a run falls, as in training.decay_at.
std::int64_t iteration_at(double fraction, std::int64_t iterations);
// The iterations after which the learning rate of steps drops.
std::vector<std::int64_t> drops(const Config::Training& settings);

// The schedule that a run's settings describe. Steps multiply the rate by decay_factor at each drop: the
// paper starts at 0.1 and multiplies by 0.1 at 1/2 and 3/4 of the run. A cosine begins after the warm-up. A
// warm-up of n iterations multiplies the rate by 1/n, 2/n, ..., 1.
class Schedule {
 public:
  explicit Schedule(const Config::Training& settings);

  // Returns the rate of the iteration that follows `done` finished ones.
  double rate(std::int64_t done) const;

 private:
  double base_, decay_factor_;
  std::vector<std::int64_t> drops_;
  bool cosine_;
  std::int64_t warmup_, iterations_;
};

}  // namespace revnet
