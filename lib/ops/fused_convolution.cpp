#include "ops/fused_convolution.h"

#include "ops/fused_norm.h"

namespace revnet {
namespace {

// Whether weights lie as OIhw8i8o or OIhw16i16o.
bool has_blocked_weights(const Convolution& convolution) {
  using Tag = dnnl::memory::format_tag;
  const std::int64_t block = ChannelBlocks(convolution.src_layout()).block;
  const dnnl::memory::desc wanted(convolution.shape().weights(), dnnl::memory::data_type::f32,
                                  block == 16 ? Tag::OIhw16i16o : Tag::OIhw8i8o);
  return convolution.weight_layout().desc() == wanted;
}

}  // namespace

FusedConvolution::FusedConvolution(const Convolution& convolution)
    : shape_(convolution.shape()),
      activation_bytes_(
          static_cast<double>(convolution.src_layout().bytes() + convolution.dst_layout().bytes())),
      weight_bytes_(static_cast<double>(convolution.weight_layout().bytes())),
      kernel_(images_of(convolution.src_layout()), stored_channels(convolution.src_layout()),
              stored_channels(convolution.dst_layout())) {
  for (std::int64_t unit = 0; unit < units(); ++unit) {
    unit_pixels_.push_back(kernel_.units().pixels_of(kernel_.units().unit(unit)));
  }
}

bool FusedConvolution::serves(const Convolution& convolution) {
  const ConvolutionShape& shape = convolution.shape();
  return shape.kernel == 3 && shape.stride == 1 && !convolution.image_input() &&
         is_blocked(convolution.src_layout()) && is_blocked(convolution.dst_layout()) &&
         has_blocked_weights(convolution);
}

Work FusedConvolution::work(Operation operation) const {
  return {operation, shape_.height, 2.0 * static_cast<double>(shape_.macs_per_image() * shape_.batch),
          activation_bytes_ + weight_bytes_};
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
