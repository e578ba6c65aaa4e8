#include "fused/convolution.h"

#include <algorithm>

#include "fused/norm_tables.h"

namespace revnet::fused {
namespace {

std::int64_t stored_channels(const Layout& layout) {
  return ChannelBlocks(layout).stored_channels();
}

bool takes_winograd(const ConvolutionShape& shape) {
  return shape.stride == 1 && shape.kernel == 3;
}

Kernel make_kernel(const ConvolutionShape& shape, const Layout& src, const Layout& dst) {
  const simd::Images images = images_of(src);
  const std::int64_t in = stored_channels(src), out = stored_channels(dst);
  if (takes_winograd(shape) && simd::StagedWinograd::pays(in, out)) {
    return simd::StagedWinograd(images, in, out);
  }
  if (takes_winograd(shape)) return simd::Winograd(images, in, out);
  if (shape.stride == 1 && shape.kernel == 1) return simd::Pointwise(images, in, out);
  return simd::Direct({.images = images, .kernel = shape.kernel, .stride = shape.stride}, in, out);
}

// How many values lie in memory for one that is read or written.
double operands(const simd::Source& source) {
  return source.form == simd::Source::Form::gradient ? 2 : 1;
}
// A mask comes from the convolution's input, which the same kernel reads anyway.
double operands(const simd::Sink& sink) {
  return sink.addend == nullptr ? 1 : 2;
}

simd::Arithmetic arithmetic_of(const ConvolutionShape& shape, const Layout& src, const Layout& dst) {
  const std::int64_t in = stored_channels(src), out = stored_channels(dst);
  return takes_winograd(shape)
             ? simd::winograd_arithmetic(images_of(src), in, out)
             : simd::product_arithmetic(images_of(dst), shape.kernel * shape.kernel, in, out);
}

// The share of the input's pixels that the filter reads.
double share_read(const ConvolutionShape& shape) {
  const double side = std::min(1.0, static_cast<double>(shape.kernel) / static_cast<double>(shape.stride));
  return side * side;
}

}  // namespace

ConvolutionKernels::ConvolutionKernels(const Device& device, const ConvolutionShape& shape)
    : shape_(shape),
      src_(device.activation_layout(shape.src())),
      dst_(device.activation_layout(shape.dst())),
      weights_(Layout::blocked_weights(shape.weights(), images_of(src_).block)),
      kernel_(make_kernel(shape, src_, dst_)),
      arithmetic_(arithmetic_of(shape, src_, dst_)) {}

std::int64_t ConvolutionKernels::forward_blocks() const {
  return std::visit([](const auto& kernel) { return kernel.forward_work().count(); }, kernel_);
}

std::int64_t ConvolutionKernels::backward_blocks() const {
  return std::visit([](const auto& kernel) { return kernel.backward_work().count(); }, kernel_);
}

std::vector<std::int64_t> ConvolutionKernels::forward_pixels() const {
  std::vector<std::int64_t> pixels(static_cast<std::size_t>(forward_blocks()));
  std::visit(
      [&](const auto& kernel) {
        for (std::size_t i = 0; i < pixels.size(); ++i) {
          pixels[i] = kernel.forward_work().pixels_of(static_cast<std::int64_t>(i));
        }
      },
      kernel_);
  return pixels;
}

Cost ConvolutionKernels::forward_cost(const simd::Source& source, const simd::Sink& sink) const {
  const auto src = static_cast<double>(src_.bytes()), dst = static_cast<double>(dst_.bytes());
  return {Operation::convolution, shape_.height,
          2.0 * static_cast<double>(shape_.macs_per_image() * shape_.batch),
          share_read(shape_) * operands(source) * src + operands(sink) * dst +
              static_cast<double>(weights_.bytes()),
          arithmetic_.forward};
}

Cost ConvolutionKernels::backward_cost(const simd::Source& input, const simd::Source& diff,
                                       const simd::Sink& sink) const {
  const auto src = static_cast<double>(src_.bytes()), dst = static_cast<double>(dst_.bytes());
  return {Operation::convolution_gradients, shape_.height,
          4.0 * static_cast<double>(shape_.macs_per_image() * shape_.batch),
          (share_read(shape_) * operands(input) + operands(sink)) * src + operands(diff) * dst +
              2 * static_cast<double>(weights_.bytes()),
          arithmetic_.backward};
}

Tensor ConvolutionKernels::make_scratch(Device& device) const {
  const std::size_t floats =
      std::visit([&](const auto& kernel) { return kernel.scratch_floats(device.threads()); }, kernel_);
  return Tensor(device, Layout::raw_bytes(floats * sizeof(float)), MemoryPurpose::scratch);
}

void ConvolutionKernels::forward(const simd::Source& source, const Tensor& weights,
                                 const simd::Sink& sink) const {
  Device& device = weights.device();
  Tensor scratch = make_scratch(device);
  device.perform(forward_cost(source, sink), [&] {
    std::visit(
        [&](const auto& kernel) {
          kernel.forward(source, weights.data(), sink, scratch.data(), device.threads());
        },
        kernel_);
  });
}

void ConvolutionKernels::backward(const simd::Source& input, const simd::Source& diff, const Tensor& weights,
                                  const simd::Sink& sink, Tensor& diff_weights) const {
  Device& device = weights.device();
  Tensor scratch = make_scratch(device);
  device.perform(backward_cost(input, diff, sink), [&] {
    std::visit(
        [&](const auto& kernel) {
          kernel.backward(input, diff, weights.data(), sink, diff_weights.data(), scratch.data(),
                          device.threads());
        },
        kernel_);
  });
}

}  // namespace revnet::fused
