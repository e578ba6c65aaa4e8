// What every convolution kernel must satisfy.
#pragma once

#include <cmath>

#include <doctest/doctest.h>

#include "difference.h"
#include "reference/naive.h"
#include "simd/bench.h"

namespace revnet::testing {

// Of the norm of what is compared.
struct Tolerance {
  double values = 1e-6, sums = 1e-5;
};

// The sum of each channel's values, and of their squared distances from its mean: [2][channels].
inline std::vector<double> moments_of(const Plain& plain) {
  const std::int64_t pixels = plain.height * plain.width;
  const auto [mean, variance] = naive::moments({plain.images, plain.channels, pixels}, plain.values);
  std::vector<double> moments = mean;
  moments.insert(moments.end(), variance.begin(), variance.end());
  for (double& moment : moments) moment *= static_cast<double>(plain.images * pixels);
  return moments;
}

// The same from the sums of each work block: [work blocks][2][stored channels].
template <class Work>
std::vector<double> moments_of_work(const Work& work, const std::vector<double>& sums, std::int64_t channels,
                                    std::int64_t stored) {
  std::vector<double> moments(static_cast<std::size_t>(2 * channels));
  for (std::int64_t c = 0; c < channels; ++c) {
    double pixels = 0, sum = 0, squares = 0;
    for (std::int64_t block = 0; block < work.count(); ++block) {
      const double* const of_block = sums.data() + 2 * block * stored + c;
      const auto count = static_cast<double>(work.pixels_of(block));
      pixels += count;
      sum += of_block[0];
      squares += of_block[stored] + of_block[0] * of_block[0] / count;
    }
    moments[static_cast<std::size_t>(c)] = sum;
    moments[static_cast<std::size_t>(channels + c)] = squares - sum * sum / pixels;
  }
  return moments;
}

inline bool all_finite(const Buffer& buffer) {
  for (std::size_t i = 0; i < buffer.size(); ++i) {
    if (!std::isfinite(buffer[i])) return false;
  }
  return true;
}

template <class Kernel>
void check_forward(ConvolutionBench<Kernel>& bench, Tolerance tolerance = {}) {
  const std::int64_t block = bench.of.block;
  const Plain product =
      convolve(bench.norm.apply(bench.x), bench.weights, bench.of.out, bench.of.size, bench.of.stride);
  const Buffer addend = blocked(bench.addend, block);
  Buffer y(addend.size());
  simd::Sink sink;
  sink.values = y.data();
  bench.forward(sink);
  CHECK(relative_distance(plain_of(y, product, block).values, product.values) < tolerance.values);
  CHECK(all_finite(y));

  Plain expected = product;
  for (std::size_t i = 0; i < expected.values.size(); ++i) expected.values[i] += bench.addend.values[i];
  const std::int64_t stored = padded(bench.of.out, block);
  const auto& work = bench.kernel.forward_work();
  std::vector<double> sums(static_cast<std::size_t>(work.count() * 2 * stored), NAN);
  sink.form = simd::Sink::Form::sum;
  sink.addend = addend.data();
  sink.sums = sums.data();
  bench.forward(sink);
  CHECK(relative_distance(plain_of(y, expected, block).values, expected.values) < tolerance.values);
  CHECK(relative_distance(moments_of_work(work, sums, bench.of.out, stored), moments_of(expected)) <
        tolerance.sums);

  // A difference in place restores the addend.
  sink.form = simd::Sink::Form::difference;
  sink.addend = y.data();
  bench.forward(sink);
  CHECK(relative_distance(plain_of(y, bench.addend, block).values, bench.addend.values) < 1e-5);
}

template <class Kernel>
void check_backward(ConvolutionBench<Kernel>& bench, Tolerance tolerance = {}) {
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
  CHECK(relative_distance(plain_of(dx, expected, bench.of.block).values, expected.values) < tolerance.values);
  std::vector<double> totals(static_cast<std::size_t>(2 * stored));
  for (std::size_t i = 0; i < sums.size(); ++i) totals[i % totals.size()] += sums[i];
  std::vector<double> seen(totals.begin(), totals.begin() + bench.of.in);
  CHECK(relative_distance(seen, gradient) < tolerance.sums);
  seen.assign(totals.begin() + stored, totals.begin() + stored + bench.of.in);
  CHECK(relative_distance(seen, product) < tolerance.sums);

  const std::vector<double> weights =
      weight_gradient(bench.norm.apply(bench.x), bench.dy, bench.of.size, bench.of.stride);
  CHECK(relative_distance(
            plain_weights(dw, bench.of.out, bench.of.in, bench.of.size * bench.of.size, bench.of.block),
            weights) < tolerance.values);
  CHECK(all_finite(dw));
}

}  // namespace revnet::testing
