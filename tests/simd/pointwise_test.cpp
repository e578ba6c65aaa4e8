#include "fused/simd/pointwise.h"

#include <cmath>

#include <doctest/doctest.h>

#include "simd/bench.h"
#include "simd/targets.h"

namespace revnet::testing {
namespace {

using simd::Sink;
using simd::Source;

constexpr double tolerance = 1e-6;  // of the norm

using Bench = ConvolutionBench<simd::Pointwise>;
using Case = ConvolutionCase;

// Adds up sums over all work blocks, to [2][channels].
std::vector<double> totals(const std::vector<double>& sums, std::int64_t channels) {
  std::vector<double> result(static_cast<std::size_t>(2 * channels));
  for (std::size_t i = 0; i < sums.size(); ++i) result[i % result.size()] += sums[i];
  return result;
}

void check_forward(Bench& bench) {
  const std::int64_t block = bench.of.block;
  const Plain product = convolve(bench.norm.apply(bench.x), bench.weights, bench.of.out, 1);
  Plain expected = product;
  for (std::size_t i = 0; i < expected.values.size(); ++i) expected.values[i] += bench.addend.values[i];
  const Buffer addend = blocked(bench.addend, block);
  Buffer y(addend.size());
  std::vector<double> sums(
      static_cast<std::size_t>(bench.kernel.forward_work().count() * 2 * padded(bench.of.out, block)), NAN);
  Sink sink;
  sink.form = Sink::Form::sum;
  sink.addend = addend.data();
  sink.values = y.data();
  sink.sums = sums.data();
  bench.forward(sink);
  CHECK(distance(plain_of(y, expected, block).values, expected.values) < tolerance);
  const std::vector<double> total = totals(sums, padded(bench.of.out, block));
  std::vector<double> channel(static_cast<std::size_t>(bench.of.out)), seen(channel.size());
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    channel[i / static_cast<std::size_t>(bench.of.height * bench.of.width) % channel.size()] +=
        expected.values[i];
  }
  for (std::size_t c = 0; c < seen.size(); ++c) seen[c] = total[c];
  CHECK(distance(seen, channel) < 1e-5);

  sink.form = Sink::Form::difference;
  sink.addend = y.data();
  bench.forward(sink);
  CHECK(distance(plain_of(y, bench.addend, block).values, bench.addend.values) < 1e-5);
  sink.form = Sink::Form::plain;
  bench.forward(sink);
  CHECK(distance(plain_of(y, product, block).values, product.values) < tolerance);
}

void check_backward(Bench& bench) {
  Plain expected = convolve_back(bench.dy, bench.weights, bench.of.in, 1);
  const Plain open = bench.norm.apply(bench.x);
  std::vector<double> gradient(static_cast<std::size_t>(bench.of.in)), product = gradient;
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    if (open.values[i] == 0) expected.values[i] = 0;
    const std::size_t c = i / static_cast<std::size_t>(bench.of.height * bench.of.width) % gradient.size();
    gradient[c] += expected.values[i];
    product[c] += expected.values[i] * (bench.x.values[i] - bench.norm.mean[c]);
  }
  const std::int64_t stored = padded(bench.of.in, bench.of.block);
  Buffer dx(bench.x_blocks.size());
  std::vector<double> sums(static_cast<std::size_t>(bench.kernel.backward_work().count() * 2 * stored), NAN);
  const Sink sink = bench.masked(dx, sums);
  Buffer dw(bench.weight_blocks.size());
  bench.backward(sink, dw);
  CHECK(distance(plain_of(dx, expected, bench.of.block).values, expected.values) < tolerance);
  const std::vector<double> total = totals(sums, stored);
  std::vector<double> seen(total.begin(), total.begin() + bench.of.in);
  CHECK(distance(seen, gradient) < 1e-5);
  seen.assign(total.begin() + stored, total.begin() + stored + bench.of.in);
  CHECK(distance(seen, product) < 1e-5);

  const std::vector<double> weights = weight_gradient(bench.norm.apply(bench.x), bench.dy, 1);
  CHECK(distance(plain_weights(dw, bench.of.out, bench.of.in, 1, bench.of.block), weights) < tolerance);
}

TEST_CASE("1x1 convolutions and their gradients match the definition on every instruction set") {
  const std::vector<Case> cases{{1, 8, 8, 4, 4, 8},      {2, 64, 16, 16, 16, 16}, {2, 16, 64, 16, 16, 16},
                                {3, 24, 40, 5, 9, 8},    {9, 16, 48, 4, 4, 16},   {1, 12, 20, 12, 12, 16},
                                {1, 256, 64, 8, 8, 16},  {1, 64, 256, 8, 8, 16},  {1, 32, 128, 64, 64, 16},
                                {2, 128, 32, 10, 10, 8}, {5, 16, 16, 6, 6, 8}};
  for (const Case& what : cases) {
    Bench bench(what);
    each_target([&] {
      INFO(what.images << " x " << what.in << " -> " << what.out << ", " << what.height << " x " << what.width
                       << ", blocks of " << what.block);
      check_forward(bench);
      check_backward(bench);
    });
  }
}

TEST_CASE("1x1 convolutions refuse channels that do not fill blocks") {
  CHECK_THROWS_AS(simd::Pointwise({1, 8, 8, 16}, 12, 16), std::logic_error);
}

}  // namespace
}  // namespace revnet::testing
