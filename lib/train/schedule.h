// The learning rate as a function of the iteration: warm-up, then steps or half a cosine.
#pragma once

#include <cstdint>
#include <vector>

#include "record/config.h"

namespace revnet {

// base, multiplied by factor at each of the given fractions of the run: the paper's 0.1, x0.1 at 1/2 and 3/4.
class StepSchedule {
 public:
  StepSchedule(double base, const std::vector<double>& decay_at, double factor, std::int64_t iterations);

  // Of the iteration that follows `done` finished ones.
  double rate(std::int64_t done) const;

 private:
  double base_, factor_;
  std::vector<std::int64_t> boundaries_;
};

// base at the first of `iterations`, then along half a cosine towards 0 behind the last one.
double cosine_rate(double base, std::int64_t done, std::int64_t iterations);

// What the settings of a run say: its steps, or from the end of the warm-up on a cosine. In a warm-up the
// rate is 1/n, 2/n ... of that, and whole at the n-th iteration.
class Schedule {
 public:
  explicit Schedule(const Config::Training& settings);

  // Of the iteration that follows `done` finished ones.
  double rate(std::int64_t done) const;

 private:
  double base_;
  StepSchedule steps_;
  bool cosine_;
  std::int64_t warmup_, iterations_;
};

}  // namespace revnet
