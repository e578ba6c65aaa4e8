#include "train/extension.h"

#include <cmath>

#include <fmt/format.h>

#include "train/schedule.h"

namespace revnet {
namespace {

// The iterations at which the learning rate drops.
std::vector<std::int64_t> falls(const Config& config) {
  std::vector<std::int64_t> iterations;
  for (const double fraction : config.training.decay_at) {
    iterations.push_back(std::llround(fraction * static_cast<double>(config.training.iterations)));
  }
  return iterations;
}

}  // namespace

Config extended(Config before, std::int64_t iterations) {
  const std::vector<std::int64_t> kept = falls(before);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    before.training.decay_at[i] = static_cast<double>(kept[i]) / static_cast<double>(iterations);
  }
  before.training.iterations = iterations;
  return before;
}

std::string describe_extension(const Config& now, const Config& before, std::int64_t done) {
  const std::string longer = fmt::format("extended from {} to {} iterations: the learning rate",
                                         before.training.iterations, now.training.iterations);
  const double rate = Schedule(now.training).rate(done);
  if (now.training.schedule == Config::Training::Schedule::cosine) {
    return fmt::format("{} follows the cosine of the longer run and is now {:.6g}", longer, rate);
  }
  const std::vector<std::int64_t> where = falls(now);
  const std::string at = where.empty() ? "nowhere" : fmt::format("at iterations {}", fmt::join(where, ", "));
  return fmt::format("{} drops {}, {}, and is now {:.6g}", longer, at,
                     where == falls(before) ? "as before (set training.decay_at to choose others)"
                                            : "as the given training.decay_at says",
                     rate);
}

}  // namespace revnet
