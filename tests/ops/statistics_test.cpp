#include "ops/statistics.h"

#include <doctest/doctest.h>

#include "reference/support.h"

namespace revnet {
namespace {

constexpr std::int64_t images = 5, height = 6, width = 7;

// The moments of row-major [N, C, H, W].
naive::Moments moments_of(const std::vector<float>& x, std::int64_t channels) {
  return naive::moments({images, channels, height * width}, widen(x));
}

void check(const Norm& norm, const naive::Moments& expected) {
  for (std::size_t c = 0; c < expected.mean.size(); ++c) {
    CHECK(norm.batch().mean.values()[c] == doctest::Approx(expected.mean[c]).epsilon(1e-6));
    CHECK(norm.batch().variance.values()[c] == doctest::Approx(expected.variance[c]).epsilon(2e-6));
  }
}

TEST_CASE("a large mean costs the statistics no precision") {
  TestDevice device;
  for (const std::int64_t channels : {3, 12, 16, 56}) {
    for (const double mean : {0.0, 100.0, -3000.0}) {
      CAPTURE(channels);
      CAPTURE(mean);
      const Shape shape{images, channels, height, width};
      const std::vector<float> values = random_floats(elements(shape), 7, 1.0, mean);
      Norm norm(device, "bn", {0, channels}, shape, {.batch = images});
      for (const Layout& layout : {device.activation_layout(shape), Layout::plain(shape)}) {
        measure_statistics(filled(device, layout, values), norm);
        check(norm, moments_of(values, channels));
      }
    }
  }
}

// A second process with the same images: the sums double, the moments stay.
class Twin final : public Reduction {
 public:
  void sum(std::span<double> values) override {
    ++calls;
    for (double& value : values) value *= 2;
  }
  int calls = 0;
};

TEST_CASE("a shared batch's statistics cover all processes and take one exchange") {
  TestDevice device;
  const Shape shape{images, 16, height, width};
  const std::vector<float> values = random_floats(elements(shape), 3, 2.0, 10.0);
  Twin twin;
  Norm norm(device, "bn", {0, 16}, shape, {.batch = images, .reduction = &twin});
  measure_statistics(filled(device, device.activation_layout(shape), values), norm);
  CHECK(twin.calls == 1);
  check(norm, moments_of(values, 16));
}

// Pieces of one, two and three values: 1, 2, ..., 6 in one channel.
TEST_CASE("sums over pieces of unequal size are combined correctly") {
  TestDevice device;
  const std::vector<std::int64_t> pixels{1, 2, 3};
  Tensor sums = make_sums(device, 3, 1);
  const std::vector<double> values{1, 0, 2 + 3, 0.5, 4 + 5 + 6, 2};
  std::ranges::copy(values, values_of(sums).begin());
  Norm norm(device, "bn", {0, 1}, {1, 1, 1, 6}, {.batch = 1});
  combine_statistics(sums, pixels, norm);
  CHECK(norm.batch().mean.values()[0] == doctest::Approx(3.5));
  CHECK(norm.batch().variance.values()[0] == doctest::Approx(35.0 / 12));
}

}  // namespace
}  // namespace revnet
