#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

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

namespace {

// Starts at `base` and follows half a cosine, which would reach 0 just after the last of `iterations`.
double cosine_rate(double base, std::int64_t done, std::int64_t iterations) {
  const double share = static_cast<double>(done) / static_cast<double>(std::max<std::int64_t>(iterations, 1));
  return base * 0.5 * (1 + std::cos(std::numbers::pi * std::min(share, 1.0)));
}

// The linear scaling rule (Goyal et al. 2017).
double scaled_rate(const Config::Training& settings) {
  if (settings.base_batch == 0) return settings.learning_rate;
  return settings.learning_rate * static_cast<double>(settings.batch) /
         static_cast<double>(settings.base_batch);
}

}  // namespace

Schedule::Schedule(const Config::Training& settings)
    : base_(scaled_rate(settings)),
      steps_(base_, settings.decay_at, settings.decay_factor, settings.iterations),
      cosine_(settings.schedule == Config::Training::Schedule::cosine),
      warmup_(settings.warmup_iterations),
      iterations_(settings.iterations) {}

double Schedule::rate(std::int64_t done) const {
  const double rate =
      cosine_ ? cosine_rate(base_, std::max<std::int64_t>(done - warmup_, 0), iterations_ - warmup_)
              : steps_.rate(done);
  return done < warmup_ ? rate * static_cast<double>(done + 1) / static_cast<double>(warmup_) : rate;
}

}  // namespace revnet
