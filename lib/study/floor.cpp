#include "study/floor.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/quantile.h"
#include "base/stopwatch.h"
#include "onednn/batch_norm_primitives.h"
#include "onednn/convolution_primitives.h"
#include "tensor/parallel.h"

namespace revnet {
namespace {

using onednn::BatchNormPrimitives;
using onednn::ConvolutionPrimitives;

bool normalizes(Operation operation) {
  using enum Operation;
  return operation == normalization || operation == known_normalization ||
         operation == normalization_gradient;
}

std::string describe(Operation operation, const ConvolutionShape& shape) {
  std::string result = fmt::format("{}x{}x{}x{}", shape.batch, shape.in, shape.height, shape.width);
  if (normalizes(operation)) return result;
  result += fmt::format(" -> {}, {}x{}", shape.out, shape.kernel, shape.kernel);
  return shape.stride == 1 ? result : fmt::format("{}/{}", result, shape.stride);
}

// A tensor with values written: untouched pages would all map to a single one, which stays in cache.
Tensor filled(Device& device, const Layout& layout, float value) {
  Tensor tensor(device, layout, MemoryPurpose::temporaries);
  if (!device.is_planning()) std::ranges::fill(tensor.values(), value);
  return tensor;
}

constexpr std::int64_t floats_beyond_caches = 64 << 20;

void fill_cache() {
  static std::vector<float> other(floats_beyond_caches);
  parallel_ranges(floats_beyond_caches, 4096, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += 16) other[static_cast<std::size_t>(i)] += 1.0f;
  });
}

template <class Run>
double seconds_of(const Device& device, CacheState cache, const Run& run) {
  if (cache == CacheState::warm || device.is_planning()) {
    run();
  } else {
    fill_cache();
  }
  const Stopwatch stopwatch;
  run();
  return stopwatch.seconds();
}

double time_convolution(Device& device, const ConvolutionPrimitives& convolution, Operation operation,
                        CacheState cache) {
  Tensor src = filled(device, convolution.src_layout(), 0.5f),
         dst = filled(device, convolution.dst_layout(), 0.5f);
  const bool data = operation == Operation::convolution_data_gradient;
  Tensor weights =
      filled(device, data ? convolution.data_gradient_weight_layout() : convolution.weight_layout(), 0.01f);
  return seconds_of(device, cache, [&] {
    switch (operation) {
      case Operation::convolution_data_gradient:
        return convolution.backward_data(dst, weights, src);
      case Operation::convolution_weight_gradient:
        return convolution.backward_weights(src, dst, weights);
      default:
        return convolution.forward(src, weights, dst);
    }
  });
}

double time_norm(Device& device, const BatchNormPrimitives& norm, Operation operation, CacheState cache) {
  const Layout channels = Layout::plain({norm.channels()});
  Tensor src = filled(device, norm.layout(), 0.5f), dst = filled(device, norm.layout(), 0.5f);
  Tensor mask = filled(device, norm.mask_layout(), 0.0f);
  const Tensor scale = filled(device, channels, 1.0f), shift = filled(device, channels, 0.1f);
  Tensor diff_scale = filled(device, channels, 0.0f), diff_shift = filled(device, channels, 0.0f);
  Statistics statistics;
  statistics.mean = filled(device, channels, 0.4f);
  statistics.variance = filled(device, channels, 1.0f);
  return seconds_of(device, cache, [&] {
    switch (operation) {
      case Operation::known_normalization:
        return norm.forward_with(src, scale, shift, statistics, dst, mask);
      case Operation::normalization_gradient:
        return norm.backward(src, scale, shift, statistics, mask, dst, {dst, diff_scale, diff_shift});
      default:
        return norm.forward(src, scale, shift, statistics, dst, mask);
    }
  });
}

// Identifies a primitive before there is a device to run it.
struct Need {
  Operation operation;
  ConvolutionShape shape;  // of a normalisation, only what it reads
  bool image_input;
  auto operator<=>(const Need&) const = default;  // NOLINT(modernize-use-nullptr): clang 14 means its zero
};

using Needs = std::map<Need, std::int64_t>;

Needs needs_of(const Network& network) {
  Needs needs;
  const auto convolution = [&](const Filter& filter, Operation operation) {
    ++needs[{operation, filter.shape(), filter.of_images()}];
  };
  const auto norm = [&](const Norm& layer, Operation operation) {
    const Shape& shape = layer.shape();
    ++needs[{operation, {shape[0], shape[1], shape[1], shape[2], shape[3], 1, 1}, false}];
  };
  for (const Filter* filter : network.filters()) {
    convolution(*filter, Operation::convolution);
    if (!filter->of_images()) convolution(*filter, Operation::convolution_data_gradient);
    convolution(*filter, Operation::convolution_weight_gradient);
  }
  for (const Norm* layer : network.norms()) {
    norm(*layer, Operation::normalization);
    norm(*layer, Operation::normalization_gradient);
  }
  const LayerList again = network.recomputed_layers();
  for (const Filter* filter : again.filters) convolution(*filter, Operation::convolution);
  for (const Norm* layer : again.norms) norm(*layer, Operation::known_normalization);
  return needs;
}

IsolatedPrimitive isolate(const Device& device, const Need& need, std::int64_t count, double epsilon) {
  IsolatedPrimitive primitive;
  primitive.shape = describe(need.operation, need.shape);
  primitive.count = count;
  const Operation operation = need.operation;
  if (normalizes(need.operation)) {
    const auto norm = std::make_shared<BatchNormPrimitives>(device, need.shape.src(), epsilon);
    primitive.cost = norm->cost(operation);
    primitive.ways.push_back(
        {norm->implementation(operation),
         [norm, operation](Device& on, CacheState cache) { return time_norm(on, *norm, operation, cache); },
         {},
         {}});
    return primitive;
  }
  for (const auto policy : {ConvolutionPolicy::direct, ConvolutionPolicy::winograd}) {
    const auto convolution = std::make_shared<ConvolutionPrimitives>(
        device, need.shape, policy, onednn::ConvolutionRoles{.image_input = need.image_input});
    const std::string& implementation = convolution->implementation(operation);
    if (!primitive.ways.empty() && primitive.ways.front().implementation == implementation) continue;
    primitive.cost = convolution->cost(operation);
    primitive.ways.push_back({implementation,
                              [convolution, operation](Device& on, CacheState cache) {
                                return time_convolution(on, *convolution, operation, cache);
                              },
                              {},
                              {}});
  }
  return primitive;
}

// The arena in which each of these can run, one at a time.
std::size_t arena_for(const Needs& needs, int threads, double epsilon) {
  Device plan = Device::planning(threads);
  for (const auto& [need, count] : needs) {
    for (const auto& way : isolate(plan, need, count, epsilon).ways) way.run(plan, CacheState::warm);
  }
  return plan.arena().extent();
}

}  // namespace

const IsolatedPrimitive::Way& IsolatedPrimitive::fastest() const {
  return *std::ranges::min_element(ways, {}, [](const Way& way) { return median(way.seconds); });
}

double IsolatedPrimitive::seconds() const {
  return median(fastest().seconds);
}

double IsolatedPrimitive::seconds_out_of_cache() const {
  return median(fastest().seconds_out_of_cache);
}

Floor::Floor(const Network& network, int threads) {
  const Needs needs = needs_of(network);
  const double epsilon = network.options().epsilon;
  device_ = std::make_unique<Device>(threads, arena_for(needs, threads, epsilon));
  for (const auto& [need, count] : needs) primitives_.push_back(isolate(*device_, need, count, epsilon));
}

std::uint64_t Floor::planned_bytes(const Network& network, int threads) {
  return arena_for(needs_of(network), threads, network.options().epsilon) +
         sizeof(float) * static_cast<std::uint64_t>(floats_beyond_caches);
}

void Floor::measure() {
  for (IsolatedPrimitive& primitive : primitives_) {
    for (auto& way : primitive.ways) way.seconds.push_back(way.run(*device_, CacheState::warm));
  }
}

void Floor::measure_out_of_cache() {
  for (IsolatedPrimitive& primitive : primitives_) {
    for (auto& way : primitive.ways) way.seconds_out_of_cache.push_back(way.run(*device_, CacheState::cold));
  }
}

namespace {

// The sum of `value` over all primitives of a step.
template <class Value>
double sum(const std::vector<IsolatedPrimitive>& primitives, Value value) {
  double result = 0;
  for (const IsolatedPrimitive& primitive : primitives) {
    result += static_cast<double>(primitive.count) * value(primitive);
  }
  return result;
}

}  // namespace

double Floor::seconds() const {
  return sum(primitives_, [](const IsolatedPrimitive& primitive) { return primitive.seconds(); });
}

double Floor::seconds_out_of_cache() const {
  return sum(primitives_,
             [](const IsolatedPrimitive& primitive) { return primitive.seconds_out_of_cache(); });
}

double Floor::flops() const {
  return sum(primitives_, [](const IsolatedPrimitive& primitive) { return primitive.cost.flops; });
}

}  // namespace revnet
