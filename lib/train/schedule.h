// The learning rate as a function of the iteration: warm-up, then steps or half a cosine.
#pragma once

#include <cstdint>
#include <vector>

#include "settings/config.h"

namespace revnet {

// Multiplies the rate by `factor` at each of the given fractions of the run. The paper starts at 0.1 and
// multiplies by 0.1 at 1/2 and 3/4.
class StepSchedule {
 public:
  StepSchedule(double base, const std::vector<double>& decay_at, double factor, std::int64_t iterations);

  // Returns the rate of the iteration that follows `done` finished ones.
  double rate(std::int64_t done) const;

 private:
  double base_, factor_;
  std::vector<std::int64_t> boundaries_;
};

// The schedule that a run's settings describe: steps, or a cosine that begins after the warm-up. A warm-up of
// n iterations multiplies the rate by 1/n, 2/n, ..., 1.
class Schedule {
 public:
  explicit Schedule(const Config::Training& settings);

  // Returns the rate of the iteration that follows `done` finished ones.
  double rate(std::int64_t done) const;

 private:
  double base_;
  StepSchedule steps_;
  bool cosine_;
  std::int64_t warmup_, iterations_;
};

}  // namespace revnet
