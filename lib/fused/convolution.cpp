#include "fused/convolution.h"

#include "fused/norm_tables.h"

namespace revnet::fused {
namespace {

std::int64_t stored_channels(const Layout& layout) {
  return ChannelBlocks(layout).stored_channels();
}

std::variant<simd::Winograd, simd::Pointwise, simd::Direct> make_kernel(const ConvolutionShape& shape,
                                                                        const Layout& src,
                                                                        const Layout& dst) {
  const simd::Images images = images_of(src);
  const std::int64_t in = stored_channels(src), out = stored_channels(dst);
  if (shape.stride == 1 && shape.kernel == 3) return simd::Winograd(images, in, out);
  if (shape.stride == 1 && shape.kernel == 1) return simd::Pointwise(images, in, out);
  return simd::Direct({.images = images, .kernel = shape.kernel, .stride = shape.stride}, in, out);
}

}  // namespace

Convolution::Convolution(const Device& device, const ConvolutionShape& shape)
    : shape_(shape),
      src_(device.activation_layout(shape.src())),
      dst_(device.activation_layout(shape.dst())),
      weights_(Layout::blocked_weights(shape.weights(), images_of(src_).block)),
      kernel_(make_kernel(shape, src_, dst_)) {}

std::int64_t Convolution::forward_blocks() const {
  return std::visit([](const auto& kernel) { return kernel.forward_work().count(); }, kernel_);
}

std::int64_t Convolution::backward_blocks() const {
  return std::visit([](const auto& kernel) { return kernel.backward_work().count(); }, kernel_);
}

std::vector<std::int64_t> Convolution::forward_pixels() const {
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

Work Convolution::work(Operation operation, double times) const {
  const std::size_t once = src_.bytes() + dst_.bytes() + weights_.bytes(),
                    again = operation == Operation::convolution ? 0 : src_.bytes() + weights_.bytes();
  return {operation, shape_.height, 2.0 * times * static_cast<double>(shape_.macs_per_image() * shape_.batch),
          static_cast<double>(once + again)};
}

Tensor Convolution::make_scratch(Device& device) const {
  const std::size_t floats =
      std::visit([&](const auto& kernel) { return kernel.scratch_floats(device.threads()); }, kernel_);
  return Tensor(device, Layout::raw_bytes(floats * sizeof(float)), MemoryPurpose::scratch);
}

void Convolution::forward(const simd::Source& source, const Tensor& weights, const simd::Sink& sink) const {
  Device& device = weights.device();
  Tensor scratch = make_scratch(device);
  device.perform(work(Operation::convolution, 1), [&] {
    std::visit(
        [&](const auto& kernel) {
          kernel.forward(source, weights.data(), sink, scratch.data(), device.threads());
        },
        kernel_);
  });
}

void Convolution::backward(const simd::Source& input, const simd::Source& diff, const Tensor& weights,
                           const simd::Sink& sink, Tensor& diff_weights) const {
  Device& device = weights.device();
  Tensor scratch = make_scratch(device);
  device.perform(work(Operation::convolution_gradients, 2), [&] {
    std::visit(
        [&](const auto& kernel) {
          kernel.backward(input, diff, weights.data(), sink, diff_weights.data(), scratch.data(),
                          device.threads());
        },
        kernel_);
  });
}

}  // namespace revnet::fused
