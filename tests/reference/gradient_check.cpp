#include "reference/gradient_check.h"

#include <cmath>
#include <numeric>

#include <doctest/doctest.h>

#include "base/random.h"
#include "reference/support.h"

namespace revnet {
namespace {

// Differences are taken along directions of random signs, so that every element of the gradient takes part.
constexpr int directions = 2;
// With inputs of order one, central differences are off by step^2 (third derivative) = 1e-10 and by about
// 2e-16 |loss| / step = 1e-9. Callers avoid inputs with which ReLUs change within a step.
constexpr double step = 1e-5;
// Relative to the gradient's norm; both errors above stay well below it.
constexpr double difference_tolerance = 1e-6;
// Largest error of a float32 gradient, relative to its RMS. Measured: Winograd 6.7e-6, everything else below
// 4e-6. A gradient that is wrong, if only at a border or in one channel, is off by 1e-2 or more.
constexpr double float_tolerance = 3e-5;

}  // namespace

double projection(const naive::Values& values, const naive::Values& weights) {
  return std::inner_product(values.begin(), values.end(), weights.begin(), 0.0);
}

void check_gradient(const std::string& what, std::span<const float> analytic, const naive::Values& exact,
                    const naive::Values& point, const std::function<double(const naive::Values&)>& loss) {
  CAPTURE(what);
  REQUIRE(analytic.size() == exact.size());
  REQUIRE(point.size() == exact.size());
  CHECK(relative_error(analytic, exact) < float_tolerance);

  const double norm = std::sqrt(projection(exact, exact));
  REQUIRE(norm > 0.0);
  const naive::Values computed = widen(analytic);
  RandomStream random(1, Purpose::shuffle, 0, static_cast<std::uint32_t>(exact.size()));
  for (int i = 0; i < directions; ++i) {
    naive::Values direction(point.size()), ahead = point, behind = point;
    for (std::size_t k = 0; k < point.size(); ++k) {
      direction[k] = random.below(2) == 0 ? -1.0 : 1.0;
      ahead[k] += step * direction[k];
      behind[k] -= step * direction[k];
    }
    const double difference = (loss(ahead) - loss(behind)) / (2.0 * step);
    CHECK(std::abs(projection(exact, direction) - difference) < difference_tolerance * norm);
    CHECK(std::abs(projection(computed, direction) - difference) < float_tolerance * norm);
  }
}

}  // namespace revnet
