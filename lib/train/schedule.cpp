#include "train/schedule.h"

#include <cmath>

namespace revnet {

StepSchedule::StepSchedule(double base, const std::vector<double>& decay_at, double factor,
                           std::int64_t iterations)
    : base_(base), factor_(factor) {
  for (const double fraction : decay_at) {
    boundaries_.push_back(std::llround(fraction * static_cast<double>(iterations)));
  }
}

double StepSchedule::rate(std::int64_t done) const {
  double rate = base_;
  for (const std::int64_t boundary : boundaries_) {
    if (done >= boundary) rate *= factor_;
  }
  return rate;
}

}  // namespace revnet
