#include "train/extension.h"

#include <cmath>

#include <fmt/format.h>

#include "train/setup.h"

namespace revnet {
namespace {

// Where the learning rate falls.
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
  const std::vector<std::int64_t> where = falls(now);
  const bool kept = where == falls(before);
  const std::string at = where.empty() ? "nowhere" : fmt::format("at iterations {}", fmt::join(where, ", "));
  return fmt::format("made longer, from {} to {} iterations: the learning rate falls {}, {}, and is {:.6g} now",
                     before.training.iterations, now.training.iterations, at,
                     kept ? "as before (training.decay_at gives it other fractions of the run)"
                          : "by the training.decay_at that was given",
                     schedule(now).rate(done));
}

}  // namespace revnet
