// What every kernel that computes products directly must satisfy.
#pragma once

#include <cmath>

#include <doctest/doctest.h>

#include "simd/bench.h"

namespace revnet::testing {

inline constexpr double product_tolerance = 1e-6;  // of the norm

// Sums over all work blocks: [2][channels].
inline std::vector<double> totals(const std::vector<double>& sums, std::int64_t channels) {
  std::vector<double> result(static_cast<std::size_t>(2 * channels));
  for (std::size_t i = 0; i < sums.size(); ++i) result[i % result.size()] += sums[i];
  return result;
}

template <class Kernel>
void check_forward(ConvolutionBench<Kernel>& bench) {
  const std::int64_t block = bench.of.block;
  const Plain product =
      convolve(bench.norm.apply(bench.x), bench.weights, bench.of.out, bench.of.size, bench.of.stride);
  Plain expected = product;
  for (std::size_t i = 0; i < expected.values.size(); ++i) expected.values[i] += bench.addend.values[i];
  const Buffer addend = blocked(bench.addend, block);
  Buffer y(addend.size());
  std::vector<double> sums(
      static_cast<std::size_t>(bench.kernel.forward_work().count() * 2 * padded(bench.of.out, block)), NAN);
  simd::Sink sink;
  sink.form = simd::Sink::Form::sum;
  sink.addend = addend.data();
  sink.values = y.data();
  sink.sums = sums.data();
  bench.forward(sink);
  CHECK(distance(plain_of(y, expected, block).values, expected.values) < product_tolerance);
  const std::vector<double> total = totals(sums, padded(bench.of.out, block));
  std::vector<double> channel(static_cast<std::size_t>(bench.of.out)), seen(channel.size());
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    channel[i / static_cast<std::size_t>(expected.height * expected.width) % channel.size()] +=
        expected.values[i];
  }
  for (std::size_t c = 0; c < seen.size(); ++c) seen[c] = total[c];
  CHECK(distance(seen, channel) < 1e-5);

  sink.form = simd::Sink::Form::difference;
  sink.addend = y.data();
  bench.forward(sink);
  CHECK(distance(plain_of(y, bench.addend, block).values, bench.addend.values) < 1e-5);
  sink.form = simd::Sink::Form::plain;
  bench.forward(sink);
  CHECK(distance(plain_of(y, product, block).values, product.values) < product_tolerance);
}

template <class Kernel>
void check_backward(ConvolutionBench<Kernel>& bench) {
  Plain expected = convolve_back(bench.dy, bench.weights, bench.x, bench.of.size, bench.of.stride);
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
  const simd::Sink sink = bench.masked(dx, sums);
  Buffer dw(bench.weight_blocks.size());
  bench.backward(sink, dw);
  CHECK(distance(plain_of(dx, expected, bench.of.block).values, expected.values) < product_tolerance);
  const std::vector<double> total = totals(sums, stored);
  std::vector<double> seen(total.begin(), total.begin() + bench.of.in);
  CHECK(distance(seen, gradient) < 1e-5);
  seen.assign(total.begin() + stored, total.begin() + stored + bench.of.in);
  CHECK(distance(seen, product) < 1e-5);

  const std::vector<double> weights =
      weight_gradient(bench.norm.apply(bench.x), bench.dy, bench.of.size, bench.of.stride);
  CHECK(distance(plain_weights(dw, bench.of.out, bench.of.in, bench.of.size * bench.of.size, bench.of.block),
                 weights) < product_tolerance);
}

}  // namespace revnet::testing
