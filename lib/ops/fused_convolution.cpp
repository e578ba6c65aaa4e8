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

}  // namespace

FusedConvolution::FusedConvolution(const Device& device, const ConvolutionShape& shape)
    : shape_(shape),
      src_(device.activation_layout(shape.src())),
      dst_(device.activation_layout(shape.dst())),
      weights_(blocked_weights(shape, images_of(src_).block)),
      kernel_(images_of(src_), stored_channels(src_), stored_channels(dst_)) {
  if (shape.kernel != 3 || shape.stride != 1) throw std::logic_error("FusedConvolution: not 3x3 of stride 1");
  for (std::int64_t unit = 0; unit < units(); ++unit) {
    unit_pixels_.push_back(kernel_.units().pixels_of(kernel_.units().unit(unit)));
  }
}

bool FusedConvolution::serves(const Device& device) {
  return is_blocked(device.activation_layout({1, 64, 8, 8}));
}

Work FusedConvolution::work(Operation operation) const {
  return {operation, shape_.height, 2.0 * static_cast<double>(shape_.macs_per_image() * shape_.batch),
          static_cast<double>(src_.bytes() + dst_.bytes() + weights_.bytes())};
}

Tensor FusedConvolution::make_scratch(Device& device) const {
  return Tensor(device, Layout::raw_bytes(kernel_.scratch_floats(device.threads()) * sizeof(float)),
                MemoryPurpose::scratch);
}

void FusedConvolution::forward(Device& device, const kernels::Source& source, const Tensor& weights,
                               const kernels::Sink& sink) const {
  Tensor scratch = make_scratch(device);
  device.perform(work(Operation::convolution),
                 [&] { kernel_.forward(source, weights.data(), sink, scratch.data()); });
}

void FusedConvolution::backward_data(Device& device, const kernels::Source& source, const Tensor& weights,
                                     const kernels::Sink& sink) const {
  Tensor scratch = make_scratch(device);
  device.perform(work(Operation::convolution_data_gradient),
                 [&] { kernel_.backward_data(source, weights.data(), sink, scratch.data()); });
}

void FusedConvolution::backward_weights(Device& device, const kernels::Source& input,
                                        const kernels::Source& diff, Tensor& diff_weights) const {
  Tensor scratch = make_scratch(device);
  device.perform(work(Operation::convolution_weight_gradient),
                 [&] { kernel_.backward_weights(input, diff, diff_weights.data(), scratch.data()); });
}

}  // namespace revnet
