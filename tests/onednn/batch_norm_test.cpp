#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "onednn/batch_norm_primitives.h"
#include "reference/gradient_check.h"
#include "reference/support.h"

namespace revnet::onednn {
namespace {

using naive::NormShape;
using naive::Values;

constexpr double epsilon = 1e-3;
// Bound on the largest error of dst and statistics, relative to the RMS. Measured: 6.7e-7.
constexpr double tolerance = 3e-6;

constexpr std::int64_t height = 5, width = 6;
constexpr NormShape shapes[] = {{1, 12, 30}, {3, 12, 30}, {1, 16, 30}, {3, 16, 30}, {3, 32, 30},
                                {1, 56, 30}, {3, 56, 30}, {3, 20, 30}, {1, 64, 30}, {3, 64, 30}};

Shape nchw(const NormShape& shape) {
  return {shape.batch, shape.channels, height, width};
}

struct Inputs {
  std::vector<float> src, scale, shift, diff_dst;

  Inputs(const NormShape& shape, std::uint32_t seed, double deviation = 1.0, double mean = 0.3)
      : src(random_floats(shape.batch * shape.channels * shape.pixels, seed, deviation, mean)),
        scale(random_floats(shape.channels, seed + 1000, 0.3, 1.0)),
        shift(random_floats(shape.channels, seed + 2000, 0.5)),
        diff_dst(random_floats(shape.batch * shape.channels * shape.pixels, seed + 3000)) {}

  naive::NormForward exact(const NormShape& shape) const {
    return naive::batch_norm_relu(shape, widen(src), widen(scale), widen(shift), epsilon);
  }
};

// Inputs of which every ReLU's is clear of zero, so that float32, double and finite differences open the same
// ReLUs. Uses the first such seed.
Inputs clear_of_zero(const NormShape& shape) {
  for (std::uint32_t seed = 1; seed < 100; ++seed) {
    Inputs inputs(shape, seed);
    const Values before = inputs.exact(shape).before_relu;
    if (std::none_of(before.begin(), before.end(), [](double x) { return std::abs(x) < 1e-4; }))
      return inputs;
  }
  FAIL("no seed keeps clear of zero");
  return Inputs(shape, 0);
}

// A batch normalisation with its tensors on a device.
struct Bench {
  Device& device;
  BatchNormPrimitives operation;
  Tensor src, scale, shift, diff_dst, dst, mask;
  Statistics statistics;

  Bench(Device& device, const NormShape& shape, const Inputs& inputs)
      : device(device),
        operation(device, nchw(shape), epsilon),
        src(filled(device, operation.layout(), inputs.src)),
        scale(filled(device, Layout::plain({shape.channels}), inputs.scale)),
        shift(filled(device, Layout::plain({shape.channels}), inputs.shift)),
        diff_dst(filled(device, operation.layout(), inputs.diff_dst)),
        dst(poisoned(device, operation.layout())),
        mask(poisoned(device, operation.mask_layout())),
        statistics(device, shape.channels) {}

  void forward() { operation.forward(src, scale, shift, statistics, dst, mask); }
  void backward(const Tensor& by_dst, Tensor& diff_src, Tensor& diff_scale, Tensor& diff_shift) {
    operation.backward(src, scale, shift, statistics, mask, by_dst, {diff_src, diff_scale, diff_shift});
  }
  Tensor channel_vector() { return poisoned(device, Layout::plain({operation.channels()})); }
};

bool same_bytes(const Tensor& a, const Tensor& b) {
  const auto* first = reinterpret_cast<const char*>(a.data());
  return a.bytes() == b.bytes() &&
         std::equal(first, first + a.bytes(), reinterpret_cast<const char*>(b.data()));
}

TEST_CASE("batch norm forward agrees with the reference") {
  TestDevice device;
  for (const NormShape& shape : shapes) {
    CAPTURE(shape.batch);
    CAPTURE(shape.channels);
    const Inputs inputs(shape, 7);
    const naive::NormForward exact = inputs.exact(shape);
    Bench bench(device, shape, inputs);
    CHECK(bench.operation.channels() == shape.channels);
    bench.forward();
    CHECK(relative_error(to_plain(bench.dst), exact.dst) < tolerance);
    CHECK(relative_error(to_plain(bench.statistics.mean), exact.mean) < tolerance);
    CHECK(relative_error(to_plain(bench.statistics.variance), exact.variance) < tolerance);
    CHECK(padding_is_zero(bench.dst));
    CHECK(to_plain(bench.src) == inputs.src);  // not in place: the backward pass needs src
  }
}

TEST_CASE("the variance is that of the population") {
  TestDevice device;
  const NormShape shape{1, 16, 30};
  Inputs inputs(shape, 1);
  for (std::size_t i = 0; i < inputs.src.size(); ++i) inputs.src[i] = i % 2 == 0 ? 1.0f : 3.0f;
  Bench bench(device, shape, inputs);
  bench.forward();
  for (const float mean : to_plain(bench.statistics.mean)) CHECK(mean == doctest::Approx(2.0));
  for (const float variance : to_plain(bench.statistics.variance)) {
    CHECK(variance == doctest::Approx(1.0));  // that of the sample would be 30/29
  }
}

// Recomputation in the backward pass relies on this.
TEST_CASE("forward with known statistics repeats forward bit for bit") {
  TestDevice device;
  for (const NormShape& shape : shapes) {
    CAPTURE(shape.channels);
    for (const double mean : {0.3, 100.0}) {
      Bench bench(device, shape, Inputs(shape, 8, 1.0, mean));
      bench.forward();
      Tensor dst = poisoned(device, bench.operation.layout()),
             mask = poisoned(device, bench.operation.mask_layout());
      bench.operation.forward_with(bench.src, bench.scale, bench.shift, bench.statistics, dst, mask);
      CHECK(same_bytes(dst, bench.dst));
      CHECK(same_bytes(mask, bench.mask));
    }
  }
}

TEST_CASE("forward with known statistics leaves them unchanged") {
  TestDevice device;
  const NormShape shape{3, 20, 30};
  Bench bench(device, shape, Inputs(shape, 9));
  const std::vector<float> mean = random_floats(20, 1), variance = random_floats(20, 2, 0.1, 1.5);
  copy_from_plain(mean, bench.statistics.mean);
  copy_from_plain(variance, bench.statistics.variance);
  bench.operation.forward_with(bench.src, bench.scale, bench.shift, bench.statistics, bench.dst, bench.mask);
  CHECK(to_plain(bench.statistics.mean) == mean);
  CHECK(to_plain(bench.statistics.variance) == variance);
}

TEST_CASE("inference uses the running averages") {
  TestDevice device;
  for (const NormShape& shape : shapes) {
    CAPTURE(shape.channels);
    const Inputs inputs(shape, 10);
    const std::vector<float> mean = random_floats(shape.channels, 1),
                             variance = random_floats(shape.channels, 2, 0.2, 1.5);
    Bench bench(device, shape, inputs);
    copy_from_plain(mean, bench.statistics.mean);
    copy_from_plain(variance, bench.statistics.variance);
    bench.operation.infer(bench.src, bench.scale, bench.shift, bench.statistics, bench.dst);
    const naive::NormForward exact =
        naive::batch_norm_relu_with(shape, widen(inputs.src), widen(inputs.scale), widen(inputs.shift),
                                    epsilon, widen(mean), widen(variance));
    CHECK(relative_error(to_plain(bench.dst), exact.dst) < tolerance);
    CHECK(padding_is_zero(bench.dst));
    CHECK(to_plain(bench.statistics.mean) == mean);
    CHECK(to_plain(bench.statistics.variance) == variance);
  }
}

TEST_CASE("epsilon is added to the variance") {
  TestDevice device;
  const NormShape shape{1, 16, 30};
  Inputs inputs(shape, 11);
  inputs.src.assign(inputs.src.size(), 1.0f);
  inputs.scale.assign(16, 1.0f);
  inputs.shift.assign(16, 0.0f);
  Bench bench(device, shape, inputs);
  set_zero(bench.statistics.mean);
  set_zero(bench.statistics.variance);
  bench.operation.infer(bench.src, bench.scale, bench.shift, bench.statistics, bench.dst);
  CHECK(to_plain(bench.dst)[0] == doctest::Approx(1.0 / std::sqrt(epsilon)));
}

TEST_CASE("batch norm backward agrees with the reference") {
  TestDevice device;
  for (const NormShape& shape : shapes) {
    CAPTURE(shape.batch);
    CAPTURE(shape.channels);
    const Inputs inputs = clear_of_zero(shape);
    const Values src = widen(inputs.src), scale = widen(inputs.scale), shift = widen(inputs.shift),
                 diff_dst = widen(inputs.diff_dst);
    Bench bench(device, shape, inputs);
    bench.forward();
    Tensor diff_src = poisoned(device, bench.operation.layout()), diff_scale = bench.channel_vector(),
           diff_shift = bench.channel_vector();
    bench.backward(bench.diff_dst, diff_src, diff_scale, diff_shift);
    CHECK(padding_is_zero(diff_src));
    CHECK(to_plain(bench.diff_dst) == inputs.diff_dst);

    const naive::NormBackward exact =
        naive::batch_norm_relu_backward(shape, src, scale, shift, epsilon, diff_dst);
    const auto loss = [&](const Values& x, const Values& by, const Values& plus) {
      return projection(naive::batch_norm_relu(shape, x, by, plus, epsilon).dst, diff_dst);
    };
    check_gradient("src", to_plain(diff_src), exact.diff_src, src,
                   [&](const Values& x) { return loss(x, scale, shift); });
    check_gradient("scale", to_plain(diff_scale), exact.diff_scale, scale,
                   [&](const Values& x) { return loss(src, x, shift); });
    check_gradient("shift", to_plain(diff_shift), exact.diff_shift, shift,
                   [&](const Values& x) { return loss(src, scale, x); });
  }
}

TEST_CASE("batch norm backward in place gives the same bits") {
  TestDevice device;
  for (const NormShape& shape : shapes) {
    CAPTURE(shape.channels);
    Bench bench(device, shape, Inputs(shape, 12));
    bench.forward();
    Tensor diff_src = poisoned(device, bench.operation.layout()), diff_scale = bench.channel_vector(),
           diff_shift = bench.channel_vector(), scale_again = bench.channel_vector(),
           shift_again = bench.channel_vector();
    bench.backward(bench.diff_dst, diff_src, diff_scale, diff_shift);
    bench.backward(bench.diff_dst, bench.diff_dst, scale_again, shift_again);
    CHECK(same_bytes(bench.diff_dst, diff_src));
    CHECK(same_bytes(scale_again, diff_scale));
    CHECK(same_bytes(shift_again, diff_shift));
  }
}

// The gradient of the shift sums diff_dst over the open ReLUs. With ones in a single pixel of diff_dst, it
// reads that pixel's mask for all channels.
TEST_CASE("the mask says which outputs are positive") {
  TestDevice device;
  for (const NormShape& shape : {NormShape{1, 56, 30}, {3, 12, 30}, {3, 16, 30}}) {
    CAPTURE(shape.channels);
    Bench bench(device, shape, Inputs(shape, 13));
    bench.forward();
    const std::vector<float> dst = to_plain(bench.dst);
    Tensor diff_src = poisoned(device, bench.operation.layout()), diff_scale = bench.channel_vector(),
           diff_shift = bench.channel_vector();
    bool agree = true;
    for (std::int64_t n = 0; n < shape.batch; ++n) {
      for (std::int64_t pixel = 0; pixel < shape.pixels; ++pixel) {
        const auto index = [&](std::int64_t c) {
          return static_cast<std::size_t>((n * shape.channels + c) * shape.pixels + pixel);
        };
        std::vector<float> one(dst.size(), 0.0f);
        for (std::int64_t c = 0; c < shape.channels; ++c) one[index(c)] = 1.0f;
        copy_from_plain(one, bench.diff_dst);
        bench.backward(bench.diff_dst, diff_src, diff_scale, diff_shift);
        const std::vector<float> open = to_plain(diff_shift);
        for (std::int64_t c = 0; c < shape.channels; ++c) {
          agree &= open[static_cast<std::size_t>(c)] == (dst[index(c)] > 0.0f ? 1.0f : 0.0f);
        }
      }
    }
    CHECK(agree);
  }
}

// Partial sums near 9000 round by 5e-4, so the mean of 90 floats near 100 is off by a few times 1e-5, and
// every normalised value, of order one, inherits that. Measured relative errors: mean 2.3e-7, variance
// 2.7e-7, dst 4.4e-5. A variance computed as E[x^2] - E[x]^2 would be off by 1e-3.
TEST_CASE("a mean far from zero costs little") {
  TestDevice device;
  for (const NormShape& shape : shapes) {
    CAPTURE(shape.channels);
    const Inputs inputs(shape, 14, 1.0, 100.0);
    const naive::NormForward exact = inputs.exact(shape);
    Bench bench(device, shape, inputs);
    bench.forward();
    CHECK(relative_error(to_plain(bench.statistics.mean), exact.mean) < 1e-6);
    CHECK(relative_error(to_plain(bench.statistics.variance), exact.variance) < 1.5e-6);
    CHECK(relative_error(to_plain(bench.dst), exact.dst) < 2e-4);
  }
}

}  // namespace
}  // namespace revnet::onednn
