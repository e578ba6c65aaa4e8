// What all oneDNN operations share: scratchpads from the arena, and primitives that run in any thread.
#include "tensor/primitive.h"

#include <memory>
#include <thread>

#include <doctest/doctest.h>
#include <omp.h>

#include "onednn/convolution_primitives.h"
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

}  // namespace
}  // namespace revnet::onednn
