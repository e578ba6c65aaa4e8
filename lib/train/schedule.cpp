#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace revnet {

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

std::int64_t iteration_at(double fraction, std::int64_t iterations) {
  return std::llround(fraction * static_cast<double>(iterations));
}

std::vector<std::int64_t> drops(const Config::Training& settings) {
  std::vector<std::int64_t> iterations;
  for (const double fraction : settings.decay_at) {
    iterations.push_back(iteration_at(fraction, settings.iterations));
  }
  return iterations;
}

Schedule::Schedule(const Config::Training& settings)
    : base_(scaled_rate(settings)),
      decay_factor_(settings.decay_factor),
      drops_(drops(settings)),
      cosine_(settings.schedule == Config::Training::Schedule::cosine),
      warmup_(settings.warmup_iterations),
      iterations_(settings.iterations) {}

double Schedule::rate(std::int64_t done) const {
  double rate = base_;
  if (cosine_) {
    rate = cosine_rate(base_, std::max<std::int64_t>(done - warmup_, 0), iterations_ - warmup_);
  } else {
    for (const std::int64_t drop : drops_) rate *= done >= drop ? decay_factor_ : 1;
  }
  return done < warmup_ ? rate * static_cast<double>(done + 1) / static_cast<double>(warmup_) : rate;
}

}  // namespace revnet
