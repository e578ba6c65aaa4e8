// Which convolutions use Winograd, and how accurate it is.
#include <algorithm>
#include <array>
#include <string>

#include <doctest/doctest.h>

#include "onednn/convolution_primitives.h"
#include "reference/support.h"
#include "tensor/onednn.h"

namespace revnet::onednn {
namespace {

// Asks oneDNN directly for Winograd with channels in blocks of 16, which requires AVX-512 and oneDNN 2.x.
bool machine_has_winograd(const Device& device) {
  const auto f32 = dnnl::memory::data_type::f32;
  using Tag = dnnl::memory::format_tag;
  const dnnl::memory::desc activations({1, 64, 8, 8}, f32, Tag::nChw16c),
      weights({64, 64, 3, 3}, f32, Tag::any);
  const dnnl::memory::dims ones{1, 1};
  try {
    describe<dnnl::convolution_forward>(engine_of(device), {}, dnnl::prop_kind::forward_training,
                                        dnnl::algorithm::convolution_winograd, activations, weights,
                                        activations, ones, ones, ones);
    return true;
  } catch (const dnnl::error&) {
    MESSAGE("no Winograd on this machine: expectations of it are skipped");
    return false;
  }
}

using Uses = std::array<bool, 3>;  // by the forward pass, the data gradient and the weight gradient

bool is_winograd(const std::string& implementation) {
  return implementation.find("wino") != std::string::npos;
}

// Parses "forward, data gradient, weight gradient".
Uses uses_winograd(const std::string& implementations) {
  const std::size_t first = implementations.find(", "), second = implementations.find(", ", first + 2);
  REQUIRE(second != std::string::npos);
  return {is_winograd(implementations.substr(0, first)),
          is_winograd(implementations.substr(first, second - first)),
          is_winograd(implementations.substr(second))};
}

// Every 3x3 and 1x1 convolution of the networks, and some at the limits of winograd_is_faster().
constexpr ConvolutionShape shapes[] = {
    {0, 16, 16, 32, 32, 3, 1}, {0, 32, 32, 16, 16, 3, 1}, {0, 64, 64, 8, 8, 3, 1},
    {0, 56, 56, 8, 8, 3, 1},   {0, 12, 12, 32, 32, 3, 1}, {0, 20, 20, 16, 16, 3, 1},
    {0, 16, 32, 32, 32, 3, 2}, {0, 32, 64, 16, 16, 3, 2}, {0, 16, 64, 8, 8, 3, 1},
    {0, 12, 64, 8, 8, 3, 1},   {0, 16, 64, 32, 32, 1, 1}, {0, 64, 64, 16, 16, 1, 2},
};

bool winograd_is_faster(const ConvolutionShape& shape) {
  return shape.kernel == 3 && shape.stride == 1 && std::min(shape.in, shape.out) >= 16;
}

TEST_CASE("a device knows whether oneDNN offers Winograd here") {
  TestDevice device;
  const bool has = machine_has_winograd(device);
  CHECK(device.has_winograd() == has);
  CHECK(Device::planning().has_winograd() == has);
  CHECK(onednn_winograd() == (has ? "present" : "absent"));
}

TEST_CASE(
    "where oneDNN has Winograd, the shape alone decides whether it is used, and never against the policy") {
  TestDevice device;
  const bool has = machine_has_winograd(device);
  for (const auto policy : {ConvolutionPolicy::automatic, ConvolutionPolicy::direct}) {
    for (ConvolutionShape shape : shapes) {
      shape.batch = 3;
      const ConvolutionPrimitives convolution(device, shape, policy, {.adds = true});
      INFO(shape.in, "->", shape.out, " kernel ", shape.kernel, ": ", convolution.implementations());
      const bool expected = has && policy != ConvolutionPolicy::direct && winograd_is_faster(shape);
      CHECK(uses_winograd(convolution.implementations()) == Uses{expected, expected, expected});
    }
  }
}

TEST_CASE("the policy winograd is direct where Winograd is not available") {
  TestDevice device;
  const bool has = machine_has_winograd(device);
  for (ConvolutionShape shape : shapes) {
    if (has && shape.kernel == 3 && shape.stride == 1) continue;
    shape.batch = 3;
    const ConvolutionPrimitives convolution(device, shape, ConvolutionPolicy::winograd, {.adds = true});
    CHECK_FALSE(is_winograd(convolution.implementations()));
  }
}

TEST_CASE("images are never convolved by Winograd") {
  TestDevice device;
  const ConvolutionPrimitives convolution(device, {3, 32, 32, 8, 8, 3, 1}, ConvolutionPolicy::automatic,
                                          {.image_input = true});
  CHECK_FALSE(is_winograd(convolution.implementations()));
  CHECK(convolution.implementations().find(", none, ") != std::string::npos);
}

TEST_CASE("the batch does not choose the implementation") {
  const Device device = Device::planning();  // asks oneDNN for implementations without generating code
  for (const auto policy : {ConvolutionPolicy::automatic, ConvolutionPolicy::direct}) {
    for (ConvolutionShape shape : shapes) {
      shape.batch = 1;
      const std::string one = ConvolutionPrimitives(device, shape, policy, {.adds = true}).implementations();
      CHECK_FALSE(one.empty());
      for (const std::int64_t batch : {2, 3, 50, 100}) {
        shape.batch = batch;
        CHECK(ConvolutionPrimitives(device, shape, policy, {.adds = true}).implementations() == one);
      }
    }
  }
}

// Below 16 input channels, oneDNN 2.6 has only the reference kernel for blocked layouts, but no network is so
// narrow.
TEST_CASE("no convolution of a network falls back to a reference kernel") {
  const Device device = Device::planning();
  for (ConvolutionShape shape : shapes) {
    if (shape.in < 16) continue;
    shape.batch = 2;
    for (const auto policy : {ConvolutionPolicy::automatic, ConvolutionPolicy::direct}) {
      const ConvolutionPrimitives convolution(device, shape, policy, {.adds = true});
      CHECK(convolution.implementations().find("ref") == std::string::npos);
    }
  }
}

struct Errors {
  double forward, data, weights;
};

// The largest error relative to the RMS of the exact result.
Errors errors_of(Device& device, const ConvolutionShape& shape, ConvolutionPolicy policy) {
  const ConvolutionPrimitives convolution(device, shape, policy, {});
  const std::vector<float> src = random_floats(elements(shape.src()), 1),
                           weights = random_floats(elements(shape.weights()), 2, 0.05),
                           diff_dst = random_floats(elements(shape.dst()), 3);
  const Tensor src_tensor = filled(device, convolution.src_layout(), src),
               diff_tensor = filled(device, convolution.dst_layout(), diff_dst);
  Tensor dst = poisoned(device, convolution.dst_layout()),
         diff_src = poisoned(device, convolution.src_layout()),
         diff_weights = poisoned(device, convolution.weight_layout());
  convolution.forward(src_tensor, filled(device, convolution.weight_layout(), weights), dst);
  convolution.backward_data(diff_tensor, filled(device, convolution.data_gradient_weight_layout(), weights),
                            diff_src);
  convolution.backward_weights(src_tensor, diff_tensor, diff_weights);
  return {relative_error(to_plain(dst), naive::convolution(shape, widen(src), widen(weights))),
          relative_error(to_plain(diff_src),
                         naive::convolution_backward_data(shape, widen(diff_dst), widen(weights))),
          relative_error(to_plain(diff_weights),
                         naive::convolution_backward_weights(shape, widen(src), widen(diff_dst)))};
}

constexpr ConvolutionShape measured[] = {{3, 16, 16, 32, 32, 3, 1},
                                         {3, 32, 32, 16, 16, 3, 1},
                                         {3, 64, 64, 8, 8, 3, 1},
                                         {3, 56, 56, 8, 8, 3, 1},
                                         {1, 64, 64, 8, 8, 3, 1}};

// Measured on AVX-512 with oneDNN 2.6: Winograd 8.0e-6 (forward and data) and 3.8e-6 (weights), direct 1.9e-6
// and 3.9e-6. The bounds are four times that. Without Winograd, `automatic` is direct.
TEST_CASE("the error of Winograd is bounded") {
  TestDevice device;
  for (const ConvolutionShape& shape : measured) {
    const Errors errors = errors_of(device, shape, ConvolutionPolicy::automatic);
    CHECK(errors.forward < 3.2e-5);
    CHECK(errors.data < 3.2e-5);
    CHECK(errors.weights < 1.6e-5);
  }
}

TEST_CASE("the error of direct convolution is bounded") {
  TestDevice device;
  for (const ConvolutionShape& shape : measured) {
    const Errors errors = errors_of(device, shape, ConvolutionPolicy::direct);
    CHECK(errors.forward < 8e-6);
    CHECK(errors.data < 8e-6);
    CHECK(errors.weights < 1.6e-5);
  }
}

}  // namespace
}  // namespace revnet::onednn
