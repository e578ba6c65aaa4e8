#include "study/growth.h"

#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

namespace revnet {
namespace {

TEST_CASE("growth is recognised") {
  const std::vector<double> depths{9, 18, 27, 54, 108};
  const auto best = [&](double (*growth)(double)) {
    std::vector<double> values;
    for (const double depth : depths) values.push_back(5 + 3 * growth(depth));
    const Growth fit = fit_growth(depths, values).front();
    CHECK(fit.residual < 1e-9);
    CHECK(fit.a == doctest::Approx(fit.name == "1" ? 8 : 5));
    if (fit.name != "1") CHECK(fit.b == doctest::Approx(3));
    return fit.name;
  };
  CHECK(best([](double) { return 1.0; }) == "1");
  CHECK(best([](double depth) { return std::log(depth); }) == "log L");
  CHECK(best([](double depth) { return std::sqrt(depth); }) == "sqrt L");
  CHECK(best([](double depth) { return depth; }) == "L");
  CHECK(best([](double depth) { return depth * std::log(depth); }) == "L log L");
  CHECK_THROWS_AS(fit_growth({3, 3, 6}, {1, 2, 3}), std::logic_error);
}

}  // namespace
}  // namespace revnet
