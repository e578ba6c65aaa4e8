#include "fused/convolution.h"

#include <stdexcept>

#include "fused/norm_tables.h"

namespace revnet::fused {
namespace {

std::int64_t stored_channels(const Layout& layout) {
  return ChannelBlocks(layout).stored_channels();
}

std::variant<kernels::Winograd, kernels::Pointwise> make_kernel(const ConvolutionShape& shape,
                                                                const Layout& src, const Layout& dst) {
  if (shape.stride == 1 && shape.kernel == 3) {
    return kernels::Winograd(images_of(src), stored_channels(src), stored_channels(dst));
  }
  if (shape.stride == 1 && shape.kernel == 1) {
    return kernels::Pointwise(images_of(src), stored_channels(src), stored_channels(dst));
  }
  throw std::logic_error("fused::Convolution: neither 3x3 nor 1x1 of stride 1");
}

std::vector<std::int64_t> pixels_by_unit(const kernels::Winograd& kernel) {
  std::vector<std::int64_t> pixels;
  const kernels::TileUnits& units = kernel.forward_units();
  for (std::int64_t i = 0; i < units.count(); ++i) pixels.push_back(units.pixels_of(units.unit(i)));
  return pixels;
}

std::vector<std::int64_t> pixels_by_unit(const kernels::Pointwise& kernel) {
  std::vector<std::int64_t> pixels;
  for (std::int64_t i = 0; i < kernel.units(); ++i) pixels.push_back(kernel.pixels_of(i));
  return pixels;
}

}  // namespace

Convolution::Convolution(const Device& device, const ConvolutionShape& shape)
    : shape_(shape),
      src_(device.activation_layout(shape.src())),
      dst_(device.activation_layout(shape.dst())),
      weights_(Layout::blocked_weights(shape.weights(), images_of(src_).block)),
      kernel_(make_kernel(shape, src_, dst_)),
      forward_units_(std::visit([](const auto& kernel) { return pixels_by_unit(kernel); }, kernel_)) {}

std::int64_t Convolution::backward_units() const {
  const auto* const winograd = std::get_if<kernels::Winograd>(&kernel_);
  return winograd != nullptr ? winograd->backward_units().count()
                             : std::get<kernels::Pointwise>(kernel_).units();
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

void Convolution::forward(const kernels::Source& source, const Tensor& weights,
                          const kernels::Sink& sink) const {
  Device& device = weights.device();
  Tensor scratch = make_scratch(device);
  device.perform(work(Operation::convolution, 1), [&] {
    std::visit([&](const auto& kernel) { kernel.forward(source, weights.data(), sink, scratch.data()); },
               kernel_);
  });
}

void Convolution::backward(const kernels::Source& input, const kernels::Source& diff, const Tensor& weights,
                           const kernels::Sink& sink, Tensor& diff_weights) const {
  Device& device = weights.device();
  Tensor scratch = make_scratch(device);
  device.perform(work(Operation::convolution_gradients, 2), [&] {
    std::visit(
        [&](const auto& kernel) {
          kernel.backward(input, diff, weights.data(), sink, diff_weights.data(), scratch.data());
        },
        kernel_);
  });
}

}  // namespace revnet::fused
