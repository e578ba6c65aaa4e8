#include "onednn/sgemm.h"

#include <stdexcept>

#include <doctest/doctest.h>

#include "reference/support.h"

namespace revnet::onednn {
namespace {

TEST_CASE("sgemm multiplies row-major matrices") {
  TestDevice device;
  constexpr std::int64_t n = 33;
  const Layout square = Layout::plain({n, n});
  const std::vector<float> a = random_floats(n * n, 1), b = random_floats(n * n, 2);
  Tensor c = poisoned(device, square);
  sgemm(filled(device, square, a), filled(device, square, b), c);
  naive::Values exact;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double sum = 0;
      for (std::size_t k = 0; k < n; ++k) sum += static_cast<double>(a[i * n + k]) * b[k * n + j];
      exact.push_back(sum);
    }
  }
  CHECK(relative_error(to_plain(c), exact) < 1e-6);
}

TEST_CASE("sgemm refuses matrices of other shapes") {
  TestDevice device;
  const Tensor square = poisoned(device, Layout::plain({2, 2})),
               other = poisoned(device, Layout::plain({2, 3}));
  Tensor c = poisoned(device, Layout::plain({2, 2}));
  CHECK_THROWS_AS(sgemm(square, other, c), std::logic_error);
}

}  // namespace
}  // namespace revnet::onednn
