// What all oneDNN operations share: scratchpads from the arena, primitives that run in any thread, and
// planning.
#include "tensor/primitive.h"

#include <memory>
#include <thread>

#include <doctest/doctest.h>
#include <omp.h>

#include "onednn/batch_norm_primitives.h"
#include "onednn/convolution_primitives.h"
#include "ops/dense.h"
#include "ops/elementwise.h"
#include "ops/pooling.h"
#include "ops/softmax_cross_entropy.h"
#include "reference/support.h"

namespace revnet::onednn {
namespace {

constexpr ConvolutionShape winograd_shape{3, 32, 32, 8, 8, 3, 1};  // Winograd needs a scratchpad for it

// Runs forward, data gradient and weight gradient of one convolution, one after the other.
std::vector<float> results(Device& device, const ConvolutionPrimitives& convolution) {
  const ConvolutionShape& shape = convolution.shape();
  const std::vector<float> weights = random_floats(elements(shape.weights()), 2);
  const Tensor src = filled(device, convolution.src_layout(), random_floats(elements(shape.src()), 1));
  Tensor dst = poisoned(device, convolution.dst_layout()),
         diff_src = poisoned(device, convolution.src_layout()),
         diff_weights = poisoned(device, convolution.weight_layout());
  convolution.forward(src, filled(device, convolution.weight_layout(), weights), dst);
  convolution.backward_data(dst, filled(device, convolution.data_gradient_weight_layout(), weights),
                            diff_src);
  convolution.backward_weights(src, dst, diff_weights);
  std::vector<float> all = to_plain(dst);
  for (const Tensor* tensor : {&diff_src, &diff_weights}) {
    const std::vector<float> values = to_plain(*tensor);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

TEST_CASE("an operation built in another thread runs here") {
  TestDevice device;
  const auto policy = ConvolutionPolicy::automatic;
  const ConvolutionPrimitives here(device, winograd_shape, policy, {});
  std::unique_ptr<ConvolutionPrimitives> there;
  std::thread([&] {
    there = std::make_unique<ConvolutionPrimitives>(device, winograd_shape, policy, ConvolutionRoles{});
  }).join();
  CHECK(results(device, *there) == results(device, here));
}

TEST_CASE("an operation built here runs in another thread") {
  TestDevice device;
  const ConvolutionPrimitives convolution(device, winograd_shape, ConvolutionPolicy::automatic, {});
  const std::vector<float> here = results(device, convolution);
  std::vector<float> there;
  std::thread([&] {
    omp_set_num_threads(2);
    there = results(device, convolution);
  }).join();
  CHECK(there == here);
}

TEST_CASE("scratchpads count in the ledger while a kernel runs") {
  TestDevice device;
  // Gathers every second pixel in a scratchpad on any processor.
  const ConvolutionPrimitives convolution(device, {3, 32, 32, 8, 8, 1, 2}, ConvolutionPolicy::automatic, {});
  results(device, convolution);
  CHECK(device.ledger().peak(MemoryPurpose::scratch) > 0);
  CHECK(device.ledger().live(MemoryPurpose::scratch) == 0);
  CHECK(device.ledger().live() == 0);
}

TEST_CASE("a default primitive is empty") {
  CHECK(Primitive().empty());
}

// One step of a small network that uses every operation.
void step(Device& device) {
  const auto temporary = [&](const Layout& layout) { return poisoned(device, layout); };
  const auto zero = [&](const Layout& layout) {
    Tensor tensor = poisoned(device, layout);
    set_zero(tensor);
    return tensor;
  };
  const ConvolutionPrimitives convolution(device, winograd_shape, ConvolutionPolicy::automatic,
                                          {.adds = true});
  const BatchNormPrimitives norm(device, winograd_shape.dst(), 1e-3);
  const PoolAndPad pool(device, winograd_shape.dst(), 56, 2);
  const Dense dense(device, 3, 56, 10);

  const Tensor src = zero(convolution.src_layout()), weights = zero(convolution.weight_layout()),
               backward_weights = zero(convolution.data_gradient_weight_layout()),
               scale = zero(Layout::plain({32})), shift = zero(Layout::plain({32})),
               dense_weights = zero(Layout::plain({10, 56})), bias = zero(Layout::plain({10}));
  Statistics statistics(device, 32);
  Tensor y = temporary(convolution.dst_layout()), z = temporary(norm.layout()),
         mask = temporary(norm.mask_layout());
  convolution.forward(src, weights, y);
  convolution.forward_add(src, weights, y, y);
  convolution.forward_add(src, weights, y, z);
  norm.forward(y, scale, shift, statistics, z, mask);
  norm.forward_with(y, scale, shift, statistics, z, mask);
  norm.infer(y, scale, shift, statistics, z);
  Tensor pooled = temporary(pool.dst_layout()), features = temporary(Layout::plain({3, 56})),
         logits = temporary(Layout::plain({3, 10}));
  pool.forward(z, pooled);
  global_average_pool(pooled, features, 0);
  dense.forward(features, dense_weights, bias, logits);
  const std::vector<std::int32_t> labels{1, 2, 3};
  CHECK(softmax_cross_entropy(logits, labels).images == 3);

  softmax_cross_entropy_backward(logits, labels, 3, logits);
  Tensor diff_features = temporary(features.layout()), diff_weights = temporary(dense_weights.layout()),
         diff_bias = temporary(bias.layout());
  dense.backward(features, dense_weights, logits, diff_features, diff_weights, diff_bias);
  global_average_pool_backward(diff_features, 0, pooled);
  Tensor diff = temporary(pool.src_layout()), diff_scale = temporary(scale.layout()),
         diff_shift = temporary(shift.layout());
  pool.backward(pooled, diff);
  norm.backward(y, scale, shift, statistics, mask, diff, {diff, diff_scale, diff_shift});
  Tensor diff_kernel = temporary(convolution.weight_layout()), diff_src = temporary(convolution.src_layout());
  convolution.backward_weights(src, diff, diff_kernel);
  convolution.backward_data(diff, backward_weights, diff_src);
  add(diff, y);
  subtract(diff, y);
  negate(y, z);
}

TEST_CASE("planning takes the same buffers as running") {
  Device plan = Device::planning(2);
  TestDevice real;
  for (Device* device : {&plan, static_cast<Device*>(&real)}) {
    for (int time = 0; time < 2; ++time) step(*device);
  }
  CHECK(plan.arena().extent() == real.arena().extent());
  CHECK(plan.ledger().peak() == real.ledger().peak());
  for (std::size_t i = 0; i < memory_purposes; ++i) {
    const auto purpose = static_cast<MemoryPurpose>(i);
    CHECK(plan.ledger().peak(purpose) == real.ledger().peak(purpose));
  }
  Device exact(2, plan.arena().extent(), true);
  step(exact);
  CHECK(exact.ledger().live() == 0);
}

}  // namespace
}  // namespace revnet::onednn
