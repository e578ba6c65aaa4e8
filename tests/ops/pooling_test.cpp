#include "ops/pooling.h"

#include <stdexcept>

#include <doctest/doctest.h>

#include "reference/gradient_check.h"
#include "reference/support.h"

namespace revnet {
namespace {

using naive::PoolShape;
using naive::Values;

// For sums of up to 64 floats. Measured: 4.1e-7.
constexpr double tolerance = 1.6e-6;

constexpr PoolShape shapes[] = {{0, 16, 32, 8, 8, 2}, {0, 32, 56, 8, 6, 2}, {0, 32, 64, 4, 4, 2},
                                {0, 12, 20, 6, 4, 2}, {0, 16, 32, 5, 7, 1}, {0, 56, 64, 4, 4, 2},
                                {0, 16, 16, 9, 6, 3}, {0, 12, 15, 4, 4, 2}};

template <class Check>
void for_each_shape(Check check) {
  for (PoolShape shape : shapes) {
    for (const std::int64_t batch : {1, 3}) {
      shape.batch = batch;
      CAPTURE(batch);
      CAPTURE(shape.in);
      CAPTURE(shape.out);
      CAPTURE(shape.stride);
      check(shape);
    }
  }
}

Shape src_shape(const PoolShape& s) {
  return {s.batch, s.in, s.height, s.width};
}

TEST_CASE("pool and pad agrees with the reference") {
  TestDevice device;
  for_each_shape([&](const PoolShape& shape) {
    const PoolAndPad pool(device, src_shape(shape), shape.out, shape.stride);
    CHECK(pool.dst_layout().shape() ==
          Shape{shape.batch, shape.out, shape.height / shape.stride, shape.width / shape.stride});
    const std::vector<float> src = random_floats(elements(src_shape(shape)), 1);
    Tensor dst = poisoned(device, pool.dst_layout());
    pool.forward(filled(device, pool.src_layout(), src), dst);
    const std::vector<float> actual = to_plain(dst);
    const Values exact = naive::pool_and_pad(shape, widen(src));
    CHECK(relative_error(actual, exact) < tolerance);
    CHECK(padding_is_zero(dst));
    // The added channels are exactly zero: (out - in) / 2 before, the rest after.
    const std::int64_t pixels = elements(pool.dst_layout().shape()) / (shape.batch * shape.out);
    const std::int64_t before = (shape.out - shape.in) / 2;
    for (std::size_t i = 0; i < actual.size(); ++i) {
      const std::int64_t channel = static_cast<std::int64_t>(i) / pixels % shape.out;
      const bool added = channel < before || channel >= before + shape.in;
      if ((actual[i] == 0.0f) != added) {
        FAIL_CHECK("channel " << channel << " has " << actual[i]);
        return;
      }
    }
  });
}

TEST_CASE("pool and pad backward agrees with the reference") {
  TestDevice device;
  for_each_shape([&](const PoolShape& shape) {
    const PoolAndPad pool(device, src_shape(shape), shape.out, shape.stride);
    const std::vector<float> diff_dst = random_floats(elements(pool.dst_layout().shape()), 2),
                             src = random_floats(elements(src_shape(shape)), 1);
    Tensor diff_src = poisoned(device, pool.src_layout());
    pool.backward(filled(device, pool.dst_layout(), diff_dst), diff_src);
    CHECK(padding_is_zero(diff_src));
    check_gradient(
        "src", to_plain(diff_src), naive::pool_and_pad_backward(shape, widen(diff_dst)), widen(src),
        [&](const Values& x) { return projection(naive::pool_and_pad(shape, x), widen(diff_dst)); });
  });
}

TEST_CASE("pool and pad with stride 1 copies exactly") {
  TestDevice device;
  const PoolAndPad pool(device, {3, 16, 5, 7}, 32, 1);
  const std::vector<float> src = random_floats(3 * 16 * 35, 1);
  Tensor dst = poisoned(device, pool.dst_layout()), back = poisoned(device, pool.src_layout());
  pool.forward(filled(device, pool.src_layout(), src), dst);
  pool.backward(dst, back);
  CHECK(to_plain(back) == src);
}

TEST_CASE("pool and pad refuses shapes it cannot pool") {
  TestDevice device;
  CHECK_THROWS_AS(PoolAndPad(device, {1, 32, 8, 8}, 16, 2), std::logic_error);
  CHECK_THROWS_AS(PoolAndPad(device, {1, 16, 7, 8}, 32, 2), std::logic_error);
  CHECK_THROWS_AS(PoolAndPad(device, {1, 16, 8, 7}, 32, 2), std::logic_error);
}

// As in the head of a RevNet: the two halves of the channels go side by side into the features.
TEST_CASE("global average pooling fills its own columns") {
  TestDevice device;
  for (const std::int64_t batch : {1, 3}) {
    for (const std::int64_t half : {12, 16, 32, 56, 64}) {
      CAPTURE(half);
      const naive::NormShape shape{batch, half, 64};
      const Layout layout = device.activation_layout({batch, half, 8, 8});
      const std::vector<float> left = random_floats(batch * half * 64, 1, 1.0, 0.5),
                               right = random_floats(batch * half * 64, 2, 1.0, 0.5);
      Tensor features = poisoned(device, Layout::plain({batch, 2 * half}));
      const auto column = [&](std::int64_t n, std::int64_t first) {
        return std::span<const float>(features.data() + n * 2 * half + first, static_cast<std::size_t>(half));
      };
      global_average_pool(filled(device, layout, left), features, 0);
      for (std::int64_t n = 0; n < batch; ++n) CHECK(all_nan(column(n, half)));
      global_average_pool(filled(device, layout, right), features, half);
      std::vector<float> first, second;
      for (std::int64_t n = 0; n < batch; ++n) {
        first.insert(first.end(), column(n, 0).begin(), column(n, 0).end());
        second.insert(second.end(), column(n, half).begin(), column(n, half).end());
      }
      CHECK(relative_error(first, naive::global_average_pool(shape, widen(left))) < tolerance);
      CHECK(relative_error(second, naive::global_average_pool(shape, widen(right))) < tolerance);
    }
  }
}

TEST_CASE("global average pooling backward spreads its own columns") {
  TestDevice device;
  for (const std::int64_t batch : {1, 3}) {
    for (const std::int64_t half : {12, 16, 56}) {
      CAPTURE(half);
      const naive::NormShape shape{batch, half, 20};
      const std::vector<float> diff_features = random_floats(batch * 2 * half, 3);
      const Tensor features = filled(device, Layout::plain({batch, 2 * half}), diff_features);
      for (const std::int64_t first : {std::int64_t{0}, half}) {
        std::vector<float> columns;
        for (std::int64_t n = 0; n < batch; ++n) {
          const auto begin = diff_features.begin() + n * 2 * half + first;
          columns.insert(columns.end(), begin, begin + half);
        }
        Tensor diff_src = poisoned(device, device.activation_layout({batch, half, 4, 5}));
        global_average_pool_backward(features, first, diff_src);
        CHECK(padding_is_zero(diff_src));
        const std::vector<float> src = random_floats(batch * half * 20, 4);
        check_gradient("src", to_plain(diff_src), naive::global_average_pool_backward(shape, widen(columns)),
                       widen(src), [&](const Values& x) {
                         return projection(naive::global_average_pool(shape, x), widen(columns));
                       });
      }
    }
  }
}

}  // namespace
}  // namespace revnet
