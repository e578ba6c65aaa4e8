#include "ops/fused_convolution.h"

#include <stdexcept>

#include "ops/fused_norm.h"

namespace revnet {
namespace {

Layout blocked_weights(const ConvolutionShape& shape, std::int64_t block) {
  using Tag = dnnl::memory::format_tag;
  return Layout(dnnl::memory::desc(shape.weights(), dnnl::memory::data_type::f32,
                                   block == 16 ? Tag::OIhw16i16o : Tag::OIhw8i8o));
}

std::variant<kernels::Winograd, kernels::Pointwise> make_kernel(const ConvolutionShape& shape,
                                                                const Layout& src, const Layout& dst) {
  if (shape.stride == 1 && shape.kernel == 3) {
    return kernels::Winograd(images_of(src), stored_channels(src), stored_channels(dst));
  }
  if (shape.stride == 1 && shape.kernel == 1) {
    return kernels::Pointwise(images_of(src), stored_channels(src), stored_channels(dst));
  }
  throw std::logic_error("FusedConvolution: neither 3x3 nor 1x1 of stride 1");
}

template <class WorkBlocks>
std::vector<std::int64_t> pixels_by_unit(const WorkBlocks& work) {
  std::vector<std::int64_t> pixels;
  for (std::int64_t i = 0; i < work.count(); ++i) pixels.push_back(work.pixels_of(i));
  return pixels;
}

}  // namespace

FusedConvolution::FusedConvolution(const Device& device, const ConvolutionShape& shape)
    : shape_(shape),
      src_(device.activation_layout(shape.src())),
      dst_(device.activation_layout(shape.dst())),
      weights_(blocked_weights(shape, images_of(src_).block)),
      kernel_(make_kernel(shape, src_, dst_)),
      forward_units_(
          std::visit([](const auto& kernel) { return pixels_by_unit(kernel.forward_work()); }, kernel_)) {}

bool FusedConvolution::serves(const Device& device) {
  return is_blocked(device.activation_layout({1, 64, 8, 8}));
}

std::int64_t FusedConvolution::backward_units() const {
  return std::visit([](const auto& kernel) { return kernel.backward_work().count(); }, kernel_);
}

Work FusedConvolution::work(Operation operation, double times) const {
  const std::size_t once = src_.bytes() + dst_.bytes() + weights_.bytes(),
                    again = operation == Operation::convolution ? 0 : src_.bytes() + weights_.bytes();
  return {operation, shape_.height, 2.0 * times * static_cast<double>(shape_.macs_per_image() * shape_.batch),
          static_cast<double>(once + again)};
}

Tensor FusedConvolution::make_scratch(Device& device) const {
  const std::size_t floats =
      std::visit([&](const auto& kernel) { return kernel.scratch_floats(device.threads()); }, kernel_);
  return Tensor(device, Layout::raw_bytes(floats * sizeof(float)), MemoryPurpose::scratch);
}

void FusedConvolution::forward(Device& device, const kernels::Source& source, const Tensor& weights,
                               const kernels::Sink& sink) const {
  Tensor scratch = make_scratch(device);
  device.perform(work(Operation::convolution, 1), [&] {
    std::visit(
        [&](const auto& kernel) {
          kernel.forward(source, weights.data(), sink, scratch.data(), device.threads());
        },
        kernel_);
  });
}

void FusedConvolution::backward(Device& device, const kernels::Source& input, const kernels::Source& diff,
                                const Tensor& weights, const kernels::Sink& sink,
                                Tensor& diff_weights) const {
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

}  // namespace revnet
