#include "run/extension.h"

#include <cmath>

#include <fmt/format.h>

#include "train/schedule.h"

namespace revnet {
namespace {

// Returns the fraction of a longer run that falls on the same iteration. It is scaled, not computed from that
// iteration, so that fractions that fall on one iteration of a short run stay distinct.
double scaled(double fraction, std::int64_t from, std::int64_t to) {
  const std::int64_t kept = iteration_at(fraction, from);
  double result = fraction * static_cast<double>(from) / static_cast<double>(to);
  // The division may have rounded a fraction half way between two iterations towards the wrong one.
  while (iteration_at(result, to) < kept) result = std::nextafter(result, 1.0);
  while (iteration_at(result, to) > kept) result = std::nextafter(result, 0.0);
  return result;
}

}  // namespace

Config extended(Config before, std::int64_t iterations) {
  if (before.training.schedule == Config::Training::Schedule::steps) {
    for (double& fraction : before.training.decay_at) {
      fraction = scaled(fraction, before.training.iterations, iterations);
    }
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
  const std::vector<std::int64_t> where = drops(now.training);
  const std::string at = where.empty() ? "nowhere" : fmt::format("at iterations {}", fmt::join(where, ", "));
  return fmt::format("{} drops {}, {}, and is now {:.6g}", longer, at,
                     where == drops(before.training) ? "as before (set training.decay_at to choose others)"
                                                     : "as the given training.decay_at says",
                     rate);
}

}  // namespace revnet
