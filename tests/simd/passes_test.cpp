#include "fused/simd/passes.h"

#include <cmath>

#include <doctest/doctest.h>

#include "fused/simd/winograd.h"
#include "reference/naive.h"
#include "simd/naive.h"
#include "simd/targets.h"

namespace revnet::testing {
namespace {

// Compares the moments that follow from sums over work blocks, of `pixels` pixels each, with those of x.
void check(const std::vector<double>& sums, const std::vector<std::int64_t>& pixels, const Plain& x) {
  const naive::Moments expected = naive::moments({x.images, x.channels, x.height * x.width}, x.values);
  const auto all = static_cast<double>(x.images * x.height * x.width);
  const std::size_t channels = expected.mean.size();
  for (std::size_t c = 0; c < channels; ++c) {
    double total = 0, squares = 0;
    for (std::size_t index = 0; index < pixels.size(); ++index) {
      const double sum = sums[index * 2 * channels + c], mean = sum / static_cast<double>(pixels[index]);
      total += sum;
      squares += sums[(index * 2 + 1) * channels + c] +
                 static_cast<double>(pixels[index]) * std::pow(mean - expected.mean[c], 2);
    }
    CHECK(total / all == doctest::Approx(expected.mean[c]).epsilon(1e-6));
    CHECK(squares / all == doctest::Approx(expected.variance[c]).epsilon(2e-6));
  }
}

// The convolution is the identity, so the statistics it writes must be those of its input.
TEST_CASE("statistics summed while writing keep their precision when the mean is large") {
  const Plain x = random_images(5, 16, 10, 6, 2, 100.0);
  std::vector<double> weights(16 * 16 * 9, 0.0);
  for (std::size_t c = 0; c < 16; ++c) weights[(c * 16 + c) * 9 + 4] = 1.0;
  const Buffer values = blocked(x, 16), filters = blocked_weights(weights, 16, 16, 9, 16);
  const simd::Winograd kernel({5, 10, 6, 16}, 16, 16);
  Buffer scratch(kernel.scratch_floats(2));
  std::vector<std::int64_t> pixels;
  const simd::TileWork& work = kernel.forward_work();
  for (std::int64_t index = 0; index < work.count(); ++index) pixels.push_back(work.pixels_of(index));
  each_target([&] {
    Buffer y(values.size());
    std::vector<double> sums(pixels.size() * 2 * 16, NAN);
    simd::Source source;
    source.values = values.data();
    simd::Sink sink;
    sink.values = y.data();
    sink.sums = sums.data();
    kernel.forward(source, filters.data(), sink, scratch.data(), 2);
    check(sums, pixels, plain_of(y, x, 16));
  });
}

TEST_CASE("the add pass adds a source to values") {
  const Plain x = random_images(3, 24, 5, 9, 3), before = random_images(3, 24, 5, 9, 4);
  const NaiveNorm norm(24, 5, 0.0);
  const Plain normalized = norm.apply(x);
  const Buffer values = blocked(x, 8), table = norm.table(8);
  simd::Source source;
  source.form = simd::Source::Form::normalized;
  source.values = values.data();
  source.norm = {table.data(), table.data() + 24, table.data() + 48};
  each_target([&] {
    Buffer sum = blocked(before, 8);
    simd::add({3, 5, 9, 8}, 24, source, sum.data(), 2);
    const Plain result = plain_of(sum, x, 8);
    for (std::size_t i = 0; i < x.values.size(); ++i) {
      REQUIRE(result.values[i] == doctest::Approx(before.values[i] + normalized.values[i]).epsilon(1e-6));
    }
  });
}

}  // namespace
}  // namespace revnet::testing
