#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include "onednn/convolution_primitives.h"
#include "reference/gradient_check.h"
#include "reference/support.h"

namespace revnet::onednn {
namespace {

using naive::Values;

// Bound for forward passes: largest error relative to the RMS. Measured over the shapes below: direct 1.5e-6,
// Winograd 6.7e-6.
constexpr double tolerance = 3e-5;
// Bound for two sums that cancel. Measured: 4.9e-7, one unit in the last place of floats between 4 and 8.
constexpr double rounding = 2e-6;

// batch, in, out, height, width, kernel, stride; each test sets the batch.
constexpr ConvolutionShape stride_one[] = {
    {0, 12, 12, 8, 8, 3, 1}, {0, 12, 20, 7, 5, 3, 1}, {0, 16, 16, 8, 8, 3, 1}, {0, 20, 20, 5, 6, 3, 1},
    {0, 32, 32, 8, 8, 3, 1}, {0, 32, 32, 2, 3, 3, 1}, {0, 56, 56, 7, 6, 3, 1}, {0, 64, 64, 5, 8, 3, 1},
    {0, 16, 64, 6, 6, 3, 1}, {0, 36, 44, 6, 7, 3, 1}, {0, 64, 16, 8, 8, 1, 1}, {0, 12, 20, 7, 5, 1, 1},
    {0, 56, 32, 5, 5, 1, 1}, {0, 16, 64, 4, 4, 1, 1},
};
constexpr ConvolutionShape stride_two[] = {
    {0, 16, 32, 8, 8, 3, 2}, {0, 16, 32, 7, 7, 3, 2}, {0, 12, 20, 8, 6, 3, 2}, {0, 32, 64, 7, 8, 3, 2},
    {0, 32, 56, 8, 9, 3, 2}, {0, 56, 64, 6, 6, 3, 2}, {0, 16, 32, 8, 8, 1, 2}, {0, 32, 56, 7, 7, 1, 2},
    {0, 12, 20, 6, 9, 1, 2}, {0, 64, 64, 4, 6, 1, 2},
};
constexpr ConvolutionShape of_images[] = {
    {0, 3, 16, 8, 8, 3, 1}, {0, 3, 12, 7, 9, 3, 1}, {0, 3, 32, 8, 8, 3, 2}, {0, 3, 56, 5, 5, 1, 1}};

// Keeps the outputs of order one.
double weight_deviation(const ConvolutionShape& shape) {
  return 1.0 / std::sqrt(static_cast<double>(shape.in * shape.kernel * shape.kernel));
}

struct Inputs {
  std::vector<float> src, weights, diff_dst;

  explicit Inputs(const ConvolutionShape& shape)
      : src(random_floats(elements(shape.src()), 1)),
        weights(random_floats(elements(shape.weights()), 2, weight_deviation(shape))),
        diff_dst(random_floats(elements(shape.dst()), 3)) {}
};

std::string describe(const ConvolutionShape& s) {
  return std::to_string(s.batch) + " x " + std::to_string(s.in) + "->" + std::to_string(s.out) + ", " +
         std::to_string(s.height) + "x" + std::to_string(s.width) + ", kernel " + std::to_string(s.kernel) +
         ", stride " + std::to_string(s.stride);
}

std::vector<float> forward(Device& device, const ConvolutionPrimitives& convolution, const Inputs& inputs) {
  const Tensor src = filled(device, convolution.src_layout(), inputs.src),
               weights = filled(device, convolution.weight_layout(), inputs.weights);
  Tensor dst = poisoned(device, convolution.dst_layout());
  convolution.forward(src, weights, dst);
  CHECK(padding_is_zero(dst));
  return to_plain(dst);
}

std::vector<float> data_gradient(Device& device, const ConvolutionPrimitives& convolution,
                                 const Inputs& inputs) {
  const Tensor diff_dst = filled(device, convolution.dst_layout(), inputs.diff_dst),
               weights = filled(device, convolution.data_gradient_weight_layout(), inputs.weights);
  Tensor diff_src = poisoned(device, convolution.src_layout());
  convolution.backward_data(diff_dst, weights, diff_src);
  CHECK(padding_is_zero(diff_src));
  return to_plain(diff_src);
}

std::vector<float> weight_gradient(Device& device, const ConvolutionPrimitives& convolution,
                                   const Inputs& inputs) {
  const Tensor src = filled(device, convolution.src_layout(), inputs.src),
               diff_dst = filled(device, convolution.dst_layout(), inputs.diff_dst);
  Tensor diff_weights = poisoned(device, convolution.weight_layout());
  convolution.backward_weights(src, diff_dst, diff_weights);
  const auto stored = diff_weights.values();  // including padding, which SGD also updates
  CHECK(std::none_of(stored.begin(), stored.end(), [](float x) { return std::isnan(x); }));
  return to_plain(diff_weights);
}

void check_convolution(ConvolutionShape shape, const ConvolutionRoles& roles) {
  TestDevice device;
  for (const std::int64_t batch : {1, 3}) {
    shape.batch = batch;
    const Inputs inputs(shape);
    const Values src = widen(inputs.src), weights = widen(inputs.weights), diff_dst = widen(inputs.diff_dst);
    const Values dst = naive::convolution(shape, src, weights),
                 diff_src = naive::convolution_backward_data(shape, diff_dst, weights),
                 diff_weights = naive::convolution_backward_weights(shape, src, diff_dst);
    for (const auto policy : {ConvolutionPolicy::automatic, ConvolutionPolicy::direct}) {
      const ConvolutionPrimitives convolution(device, shape, policy, roles);
      INFO(describe(shape), "; ", convolution.implementations());
      CHECK(relative_error(forward(device, convolution, inputs), dst) < tolerance);
      check_gradient(
          "weights", weight_gradient(device, convolution, inputs), diff_weights, weights,
          [&](const Values& w) { return projection(naive::convolution(shape, src, w), diff_dst); });
      if (roles.image_input) continue;
      check_gradient("src", data_gradient(device, convolution, inputs), diff_src, src, [&](const Values& x) {
        return projection(naive::convolution(shape, x, weights), diff_dst);
      });
    }
  }
}

TEST_CASE("convolution with stride 1 agrees with the reference") {
  for (const ConvolutionShape& shape : stride_one) check_convolution(shape, {});
}

TEST_CASE("convolution with stride 2 agrees with the reference") {
  for (const ConvolutionShape& shape : stride_two) check_convolution(shape, {});
}

TEST_CASE("convolution of images agrees with the reference") {
  for (const ConvolutionShape& shape : of_images) check_convolution(shape, {.image_input = true});
}

// A kernel and an image of ones count the pixels under the kernel, which shows the padding.
TEST_CASE("stride 2 pads even sizes after and odd sizes on both sides") {
  TestDevice device;
  const auto count = [&](std::int64_t size, std::int64_t kernel) {
    const ConvolutionShape shape{1, 1, 1, size, size, kernel, 2};
    const ConvolutionPrimitives convolution(device, shape, ConvolutionPolicy::automatic,
                                            {.image_input = true});
    Inputs inputs(shape);
    inputs.src.assign(inputs.src.size(), 1.0f);
    inputs.weights.assign(inputs.weights.size(), 1.0f);
    return forward(device, convolution, inputs);
  };
  CHECK(count(4, 3) == std::vector<float>{9, 6, 6, 4});
  CHECK(count(5, 3) == std::vector<float>{4, 6, 4, 6, 9, 6, 4, 6, 4});
  CHECK(count(4, 1) == std::vector<float>{1, 1, 1, 1});
}

TEST_CASE("a 1x1 kernel with stride 2 takes the even pixels") {
  TestDevice device;
  const ConvolutionShape shape{1, 1, 1, 4, 5, 1, 2};
  const ConvolutionPrimitives convolution(device, shape, ConvolutionPolicy::direct, {.image_input = true});
  Inputs inputs(shape);
  for (std::size_t i = 0; i < inputs.src.size(); ++i) inputs.src[i] = static_cast<float>(i);
  inputs.weights = {1.0f};
  CHECK(forward(device, convolution, inputs) == std::vector<float>{0, 2, 4, 10, 12, 14});
}

TEST_CASE("a convolution reports its output size and arithmetic") {
  const ConvolutionShape even{2, 16, 32, 8, 6, 3, 2}, odd{2, 16, 32, 7, 5, 3, 2};
  CHECK(even.dst() == Shape{2, 32, 4, 3});
  CHECK(odd.dst() == Shape{2, 32, 4, 3});
  CHECK(even.macs_per_image() == 32 * 16 * 9 * 4 * 3);
}

// y + conv(src, W), in place and out of place. Where the sum forms in registers, adding conv(src, -W)
// restores y up to the rounding of two sums of order one, because conv(src, W) and conv(src, -W) round alike.
void check_addition(ConvolutionShape shape) {
  TestDevice device;
  for (const std::int64_t batch : {1, 3}) {
    shape.batch = batch;
    const Inputs inputs(shape);
    const std::vector<float> before = random_floats(elements(shape.dst()), 4);
    Values sum = naive::convolution(shape, widen(inputs.src), widen(inputs.weights));
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += before[i];
    std::vector<float> negated = inputs.weights;
    for (float& w : negated) w = -w;
    for (const auto policy :
         {ConvolutionPolicy::automatic, ConvolutionPolicy::direct, ConvolutionPolicy::winograd}) {
      const ConvolutionPrimitives convolution(device, shape, policy, {.adds = true});
      INFO(describe(shape), "; ", convolution.implementations());
      const Tensor src = filled(device, convolution.src_layout(), inputs.src),
                   weights = filled(device, convolution.weight_layout(), inputs.weights);
      Tensor addend = filled(device, convolution.dst_layout(), before);
      Tensor dst = poisoned(device, convolution.dst_layout());
      convolution.forward_add(src, weights, addend, dst);
      CHECK(relative_error(to_plain(dst), sum) < tolerance);
      CHECK(padding_is_zero(dst));
      CHECK(to_plain(addend) == before);
      const std::vector<float> beside = to_plain(dst);
      convolution.forward_add(src, weights, addend, addend);
      CHECK(to_plain(addend) == beside);  // in place gives the same bits
      CHECK(padding_is_zero(addend));
      if (!convolution.adds_in_registers()) continue;
      convolution.forward_add(src, filled(device, convolution.weight_layout(), negated), addend, addend);
      CHECK(relative_error(to_plain(addend), widen(before)) < rounding);
    }
  }
}

TEST_CASE("forward_add works in and out of place, and negated weights undo it") {
  for (const ConvolutionShape& shape : stride_one) check_addition(shape);
  for (const ConvolutionShape& shape : stride_two) check_addition(shape);
}

TEST_CASE("a convolution refuses roles it was not built for") {
  TestDevice device;
  const ConvolutionShape shape{1, 3, 16, 8, 8, 3, 1};
  const ConvolutionPrimitives images(device, shape, ConvolutionPolicy::automatic, {.image_input = true});
  const Tensor src = filled(device, images.src_layout(), random_floats(elements(shape.src()), 1)),
               weights = filled(device, images.weight_layout(), random_floats(elements(shape.weights()), 2));
  Tensor dst = poisoned(device, images.dst_layout()), diff_src = poisoned(device, images.src_layout());
  CHECK_THROWS_AS(images.forward_add(src, weights, dst, dst), std::logic_error);
  CHECK_THROWS_AS(images.backward_data(dst, weights, diff_src), std::logic_error);
  CHECK(images.src_layout() == Layout::plain(shape.src()));
}

TEST_CASE("reading a poisoned input shows") {
  TestDevice device;
  const ConvolutionShape shape{1, 16, 16, 8, 8, 3, 1};
  const ConvolutionPrimitives convolution(device, shape, ConvolutionPolicy::direct, {});
  const Tensor weights =
      filled(device, convolution.weight_layout(), random_floats(elements(shape.weights()), 2));
  Tensor dst = poisoned(device, convolution.dst_layout());
  convolution.forward(poisoned(device, convolution.src_layout()), weights, dst);
  CHECK(all_nan(to_plain(dst)));
}

TEST_CASE("a convolution gives the same bits every time") {
  TestDevice device;
  for (const ConvolutionShape& shape : {ConvolutionShape{3, 32, 32, 8, 8, 3, 1}, {3, 16, 32, 8, 8, 3, 2}}) {
    const Inputs inputs(shape);
    const ConvolutionPrimitives convolution(device, shape, ConvolutionPolicy::automatic, {});
    CHECK(forward(device, convolution, inputs) == forward(device, convolution, inputs));
    CHECK(data_gradient(device, convolution, inputs) == data_gradient(device, convolution, inputs));
    CHECK(weight_gradient(device, convolution, inputs) == weight_gradient(device, convolution, inputs));
  }
}

}  // namespace
}  // namespace revnet::onednn
