#include "fused/simd/winograd.h"

#include <cmath>

#include <doctest/doctest.h>

#include "simd/bench.h"
#include "simd/targets.h"

namespace revnet::testing {
namespace {

using simd::Sink;
using simd::Source;
using simd::StagedWinograd;
using simd::Winograd;

// Relative to the norm. The largest errors seen were 1.7e-6, and 4.4e-6 in gradients by the weights that one
// thread sums over all tiles.
constexpr double tolerance = 6e-6;

using Case = ConvolutionCase;

template <class Kernel>
void check_forward(ConvolutionBench<Kernel>& bench) {
  const Plain expected = convolve(bench.norm.apply(bench.x), bench.weights, bench.of.out, 3);
  Buffer y = blocked(bench.addend, bench.of.block);
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = NAN;
  Sink sink;
  sink.values = y.data();
  bench.forward(sink);
  CHECK(distance(plain_of(y, expected, bench.of.block).values, expected.values) < tolerance);
  for (std::size_t i = 0; i < y.size(); ++i) REQUIRE(std::isfinite(y[i]));

  // A sum in place and then a difference in place must restore the addend.
  Buffer sum = blocked(bench.addend, bench.of.block);
  sink.form = Sink::Form::sum;
  sink.values = sum.data();
  sink.addend = sum.data();
  bench.forward(sink);
  Plain total = expected;
  for (std::size_t i = 0; i < total.values.size(); ++i) total.values[i] += bench.addend.values[i];
  CHECK(distance(plain_of(sum, total, bench.of.block).values, total.values) < tolerance);
  sink.form = Sink::Form::difference;
  bench.forward(sink);
  CHECK(distance(plain_of(sum, bench.addend, bench.of.block).values, bench.addend.values) < 1e-5);
}

template <class Kernel>
void check_backward(ConvolutionBench<Kernel>& bench) {
  Plain expected = convolve_back(bench.dy, bench.weights, bench.x, 3);
  const Plain open = bench.norm.apply(bench.x);
  std::vector<double> gradient_sums(static_cast<std::size_t>(bench.of.in)), product_sums = gradient_sums;
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    if (open.values[i] == 0) expected.values[i] = 0;
    const std::size_t c =
        i / static_cast<std::size_t>(bench.of.height * bench.of.width) % gradient_sums.size();
    gradient_sums[c] += expected.values[i];
    product_sums[c] += expected.values[i] * (bench.x.values[i] - bench.norm.mean[c]);
  }
  Buffer dx(bench.x_blocks.size());
  const std::int64_t stored = padded(bench.of.in, bench.of.block),
                     work_blocks = bench.kernel.backward_work().count();
  std::vector<double> sums(static_cast<std::size_t>(work_blocks * 2 * stored), NAN);
  const Sink sink = bench.masked(dx, sums);
  Buffer dw(bench.weight_blocks.size());
  for (std::size_t i = 0; i < dw.size(); ++i) dw[i] = NAN;
  bench.backward(sink, dw);
  CHECK(distance(plain_of(dx, expected, bench.of.block).values, expected.values) < tolerance);
  std::vector<double> gradient(gradient_sums.size()), product(gradient_sums.size());
  for (std::int64_t index = 0; index < work_blocks; ++index) {
    for (std::size_t c = 0; c < gradient.size(); ++c) {
      gradient[c] += sums[static_cast<std::size_t>(index * 2 * stored) + c];
      product[c] += sums[static_cast<std::size_t>(index * 2 * stored + stored) + c];
    }
  }
  CHECK(distance(gradient, gradient_sums) < 2e-5);
  CHECK(distance(product, product_sums) < 2e-5);
  const std::vector<double> weights = weight_gradient(bench.norm.apply(bench.x), bench.dy, 3);
  CHECK(distance(plain_weights(dw, bench.of.out, bench.of.in, 9, bench.of.block), weights) < tolerance);
  for (std::size_t i = 0; i < dw.size(); ++i) REQUIRE(std::isfinite(dw[i]));
}

TEST_CASE_TEMPLATE("3x3 convolutions and their gradients match the definition on every instruction set",
                   Kernel, Winograd, StagedWinograd) {
  const std::vector<Case> cases{{1, 8, 8, 4, 4, 8},      {2, 16, 16, 8, 8, 16},   {3, 16, 32, 6, 10, 16},
                                {9, 24, 8, 4, 4, 8},     {1, 32, 16, 12, 4, 16},  {5, 12, 20, 8, 8, 16},
                                {1, 56, 56, 8, 8, 16},   {2, 48, 16, 14, 18, 16}, {1, 16, 16, 64, 64, 16},
                                {1, 64, 64, 32, 32, 8},  {7, 8, 40, 10, 6, 8},    {1, 256, 128, 4, 4, 16},
                                {1, 128, 256, 4, 4, 16}, {9, 16, 8, 24, 24, 8}};
  for (const Case& what : cases) {
    ConvolutionBench<Kernel> bench(what);
    each_target([&] {
      INFO(what.images << " x " << what.in << " -> " << what.out << ", " << what.height << " x " << what.width
                       << ", blocks of " << what.block);
      check_forward(bench);
      check_backward(bench);
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
    CHECK(distance(plain_of(dx, expected, 8).values, expected.values) < tolerance);
    const std::vector<double> gradient = weight_gradient(bench.norm.apply(bench.x), diff, 3);
    CHECK(distance(plain_weights(dw, 24, 16, 9, 8), gradient) < tolerance);
  });
}

TEST_CASE_TEMPLATE("a large mean of the input costs no precision", Kernel, Winograd, StagedWinograd) {
  ConvolutionBench<Kernel> bench({2, 16, 16, 8, 8, 16}, 1000.0);
  check_forward(bench);
  check_backward(bench);
}

TEST_CASE_TEMPLATE("3x3 convolutions refuse channels that do not fill blocks", Kernel, Winograd,
                   StagedWinograd) {
  CHECK_THROWS_AS(Kernel({1, 8, 8, 16}, 12, 16), std::logic_error);
  CHECK_THROWS_AS(Kernel({1, 8, 8, 4}, 16, 16), std::logic_error);
}

}  // namespace
}  // namespace revnet::testing
