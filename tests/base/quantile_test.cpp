#include "base/quantile.h"

#include <doctest/doctest.h>

namespace revnet {
namespace {

TEST_CASE("quantiles interpolate between neighbours") {
  const std::vector<double> values{4, 1, 3, 2};
  CHECK(quantile(values, 0) == 1);
  CHECK(quantile(values, 1) == 4);
  CHECK(quantile(values, 0.5) == 2.5);
  CHECK(quantile(values, 0.1) == doctest::Approx(1.3));
  CHECK(median({5}) == 5);
  CHECK(median({9, 1, 5}) == 5);
  CHECK(median({}) == 0);
}

}  // namespace
}  // namespace revnet
