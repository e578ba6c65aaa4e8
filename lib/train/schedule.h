// The learning rate as a function of the iteration.
#pragma once

#include <cstdint>
#include <vector>

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

}  // namespace revnet
