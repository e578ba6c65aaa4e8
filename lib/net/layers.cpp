#include "net/layers.h"

#include <algorithm>
#include <cmath>

#include "ops/elementwise.h"

namespace revnet {
namespace {

// The reference draws convolution weights with standard deviation sqrt(2 / (k * k * out)).
Initial convolution_initial(const ConvolutionShape& shape, std::int64_t out) {
  const double fan_out = static_cast<double>(shape.kernel * shape.kernel * out);
  return {Initial::Kind::truncated_normal, std::sqrt(2.0 / fan_out)};
}

}  // namespace

std::string_view name(Engine engine) {
  return engine == Engine::fused ? "fused" : "onednn";
}

ConvolutionLayer::ConvolutionLayer(Device& device, const std::string& name, Rows rows,
                                   const ConvolutionShape& shape, const BuildOptions& options, Roles roles)
    : operation_(device, shape, options.convolution, roles.operation),
      weight_(device, name, rows, roles.fused == nullptr ? operation_.weight_layout() : *roles.fused,
              convolution_initial(shape, rows.total), true) {
  if (roles.fused != nullptr) return;
  if (!roles.operation.image_input && operation_.backward_weight_layout() != operation_.weight_layout()) {
    backward_weight_ = Tensor(device, operation_.backward_weight_layout(), MemoryPurpose::parameters);
  }
  if (roles.subtracts && operation_.adds_in_registers()) {
    negated_weight_ = Tensor(device, operation_.weight_layout(), MemoryPurpose::parameters);
  }
}

void ConvolutionLayer::forward(Device& device, const Tensor& src, Tensor& dst) const {
  operation_.forward(device, src, weight_.value, dst);
}

void ConvolutionLayer::add(Device& device, const Tensor& src, const Tensor& addend, Tensor& dst) const {
  operation_.forward_add(device, src, weight_.value, addend, dst);
}

void ConvolutionLayer::subtract(Device& device, const Tensor& src, Tensor& dst) const {
  if (!negated_weight_.empty()) {
    operation_.forward_add(device, src, negated_weight_, dst, dst);
    return;
  }
  Tensor product(device, dst.layout(), MemoryPurpose::temporaries);
  forward(device, src, product);
  revnet::subtract(device, product, dst);
}

void ConvolutionLayer::backward_data(Device& device, const Tensor& diff_dst, Tensor& diff_src) const {
  operation_.backward_data(device, diff_dst, backward_weight_.empty() ? weight_.value : backward_weight_,
                           diff_src);
}

void ConvolutionLayer::backward_weights(Device& device, const Tensor& src, const Tensor& diff_dst) {
  operation_.backward_weights(device, src, diff_dst, weight_.gradient);
}

void ConvolutionLayer::refresh(Device& device) {
  if (!backward_weight_.empty()) {
    operation_.arrange_for_backward(device, weight_.value, backward_weight_);
  }
  if (!negated_weight_.empty()) negate(device, weight_.value, negated_weight_);
}

NormLayer::NormLayer(Device& device, const std::string& name, Rows rows, const Shape& nchw,
                     const BuildOptions& options)
    : name_(name),
      epsilon_(options.epsilon),
      shared_(options.statistics),
      operation_(device, nchw, options.epsilon, options.statistics),
      scale_(device, name + "/scale", rows, Layout::plain({nchw[1]}), {Initial::Kind::constant, 1.0}, false),
      shift_(device, name + "/shift", rows, Layout::plain({nchw[1]}), {Initial::Kind::constant, 0.0}, false),
      batch_(device, nchw[1]),
      running_(device, nchw[1]) {}

void NormLayer::forward(Device& device, const Tensor& src, Pass pass, Tensor& dst, Tensor& mask) {
  switch (pass) {
    case Pass::training:
      operation_.forward(device, src, scale_.value, shift_.value, batch_, dst, mask);
      break;
    case Pass::recomputation:
      operation_.forward_with(device, src, scale_.value, shift_.value, batch_, dst, mask);
      break;
    case Pass::inference:
      operation_.infer(device, src, scale_.value, shift_.value, running_, dst);
      return;
  }
  if (observer_ != nullptr) observer_->normalized(device, *this, pass, src, dst, mask);
}

void NormLayer::backward(Device& device, const Tensor& src, const Tensor& mask, Tensor& diff) {
  operation_.backward(device, src, scale_.value, shift_.value, batch_, mask, diff, diff, scale_.gradient,
                      shift_.gradient);
}

void NormLayer::commit_statistics(Device& device, double decay) {
  if (device.is_planning()) return;
  const auto blend = [&](const Tensor& batch, Tensor& running) {
    const std::span<const float> from = batch.values();
    const std::span<float> to = running.values();
    for (std::size_t c = 0; c < to.size(); ++c) {
      to[c] = static_cast<float>(decay * to[c] + (1.0 - decay) * from[c]);
    }
  };
  blend(batch_.mean, running_.mean);
  blend(batch_.variance, running_.variance);
}

void NormLayer::reset_statistics(Device& device) {
  if (device.is_planning()) return;
  std::ranges::fill(running_.mean.values(), 0.0f);
  std::ranges::fill(running_.variance.values(), 1.0f);
}

void LayerList::add(ConvolutionLayer& layer) {
  convolutions.push_back(&layer);
  parameters.push_back(&layer.weight());
}

void LayerList::add(NormLayer& layer) {
  norms.push_back(&layer);
  parameters.push_back(&layer.scale());
  parameters.push_back(&layer.shift());
}

}  // namespace revnet
