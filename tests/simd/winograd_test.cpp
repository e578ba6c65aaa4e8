#include "fused/simd/winograd.h"

#include <cmath>

#include <doctest/doctest.h>

#include "reference/naive.h"
#include "simd/checks.h"
#include "simd/targets.h"

namespace revnet::testing {
namespace {

using simd::Sink;
using simd::Source;
using simd::StagedWinograd;
using simd::Winograd;

// The largest errors seen were 1.7e-6, and 4.4e-6 in weight gradients that one thread sums over all tiles.
constexpr Tolerance tolerance{.values = 6e-6, .sums = 2e-5};

using Case = ConvolutionCase;

TEST_CASE_TEMPLATE("3x3 convolutions and their gradients match the definition on every instruction set",
                   Kernel, Winograd, StagedWinograd) {
  const std::vector<Case> cases{{1, 8, 8, 4, 4, 8},
                                {2, 16, 16, 8, 8, 16},
                                {3, 16, 32, 6, 10, 16},
                                {9, 24, 8, 4, 4, 8},
                                {1, 32, 16, 12, 4, 16},
                                {5, 12, 20, 8, 8, 16},
                                {1, 56, 56, 8, 8, 16},
                                {2, 48, 16, 14, 18, 16},
                                {1, 16, 16, 64, 64, 16},
                                {1, 64, 64, 32, 32, 8},
                                {7, 8, 40, 10, 6, 8},
                                {1, 256, 128, 4, 4, 16},
                                {1, 128, 256, 4, 4, 16},
                                {9, 16, 8, 24, 24, 8},
                                // Tiles that reach beyond the images.
                                {3, 112, 112, 7, 7, 16},
                                {2, 24, 8, 5, 9, 8},
                                {3, 8, 16, 3, 3, 8},
                                {2, 16, 16, 2, 2, 16},
                                {5, 8, 8, 1, 1, 8}};
  for (const Case& what : cases) {
    ConvolutionBench<Kernel> bench(what);
    each_target([&] {
      INFO(what.images << " x " << what.in << " -> " << what.out << ", " << what.height << " x " << what.width
                       << ", blocks of " << what.block);
      check_forward(bench, tolerance);
      check_backward(bench, tolerance);
    });
  }
}

TEST_CASE_TEMPLATE("a source can be the gradient of a normalisation", Kernel, Winograd, StagedWinograd) {
  ConvolutionBench<Kernel> bench({3, 16, 24, 6, 8, 8});
  const NaiveNorm norm(24, 9, 0.0);  // of the convolution's output
  const Plain output = random_images(3, 24, 6, 8, 10);
  const std::vector<double> offset = random_values(24, 11), slope = random_values(24, 12);
  Plain diff = bench.dy;
  for (std::size_t i = 0; i < diff.values.size(); ++i) {
    const std::size_t c = i / 48 % 24;
    diff.values[i] =
        norm.factor[c] * (bench.dy.values[i] - offset[c] - (output.values[i] - norm.mean[c]) * slope[c]);
  }
  const Buffer output_blocks = blocked(output, 8), table = norm.table(8);
  std::vector<float> offsets(offset.begin(), offset.end()), slopes(slope.begin(), slope.end());
  Source source = ConvolutionBench<Kernel>::raw(bench.dy_blocks);
  source.form = Source::Form::gradient;
  source.input = output_blocks.data();
  source.norm_gradient = {table.data(), table.data() + 24, offsets.data(), slopes.data()};
  each_target([&] {
    Buffer dx(bench.x_blocks.size()), dw(bench.weight_blocks.size());
    Sink sink;
    sink.values = dx.data();
    bench.backward(source, sink, dw);
    const Plain expected = convolve_back(diff, bench.weights, bench.x, 3);
    CHECK(relative_distance(plain_of(dx, expected, 8).values, expected.values) < tolerance.values);
    const std::vector<double> gradient = weight_gradient(bench.norm.apply(bench.x), diff, 3);
    CHECK(relative_distance(plain_weights(dw, 24, 16, 9, 8), gradient) < tolerance.values);
  });
}

TEST_CASE_TEMPLATE("a large mean of the input costs no precision", Kernel, Winograd, StagedWinograd) {
  ConvolutionBench<Kernel> bench({2, 16, 16, 8, 8, 16}, 1000.0);
  check_forward(bench, tolerance);
  check_backward(bench, tolerance);
}

TEST_CASE_TEMPLATE("3x3 convolutions refuse channels that do not fill blocks", Kernel, Winograd,
                   StagedWinograd) {
  CHECK_THROWS_AS(Kernel({1, 8, 8, 16}, 12, 16), std::logic_error);
  CHECK_THROWS_AS(Kernel({1, 8, 8, 4}, 16, 16), std::logic_error);
}

// Compares the moments that follow from sums over work blocks, of `pixels` pixels each, with those of x.
void check_moments(const std::vector<double>& sums, const std::vector<std::int64_t>& pixels, const Plain& x) {
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
    check_moments(sums, pixels, plain_of(y, x, 16));
  });
}

}  // namespace
}  // namespace revnet::testing
