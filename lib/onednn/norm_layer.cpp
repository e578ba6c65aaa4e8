#include "onednn/norm_layer.h"

#include "onednn/layers.h"
#include "ops/statistics.h"
#include "tensor/parallel.h"

namespace revnet::onednn {
namespace {

REVNET_MULTITARGET void take_away(const float* src, const float* mean, const float* offset,
                                  const float* slope, std::int64_t block, std::int64_t pixels, float* diff) {
  for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
    for (std::int64_t c = 0; c < block; ++c) {
      const std::int64_t i = pixel * block + c;
      diff[i] -= offset[c] + (src[i] - mean[c]) * slope[c];
    }
  }
}

// What a gradient with constant statistics lacks, because the statistics depend on the input. With g the
// gradient with respect to the ReLU's input, and means over the whole batch, this is to be subtracted:
//
//   factor * (mean(g) + (x - mean) * mean(g (x - mean)) / (variance + epsilon)),  factor = scale / deviation
//
// This process's share of both sums is already in the gradients of shift and scale.
class Correction {
 public:
  Correction(const Norm& norm, const Layout& layout)
      : blocks_(layout),
        mean_(static_cast<std::size_t>(blocks_.stored_channels())),
        offset_(mean_),
        slope_(mean_) {
    const std::span<const float> scale = norm.scale().value.values(),
                                 diff_scale = norm.scale().gradient.values(),
                                 diff_shift = norm.shift().gradient.values();
    const std::size_t channels = scale.size();
    std::vector<double> sums(diff_shift.begin(), diff_shift.end());
    sums.insert(sums.end(), diff_scale.begin(), diff_scale.end());
    sums.push_back(static_cast<double>(blocks_.images * blocks_.pixels()));
    norm.reduction()->sum(sums);
    for (std::size_t c = 0; c < channels; ++c) {
      const double inverse = norm.inverse_deviation(norm.batch().variance.values()[c]);
      const double factor = scale[c] * inverse;
      mean_[c] = norm.batch().mean.values()[c];
      offset_[c] = static_cast<float>(factor * sums[c] / sums.back());
      slope_[c] = static_cast<float>(factor * sums[channels + c] / sums.back() * inverse);
    }
  }

  void apply(const Tensor& src, Tensor& diff) const {
    parallel_ranges(blocks_.images, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t plane = begin * blocks_.blocks; plane < end * blocks_.blocks; ++plane) {
        const std::int64_t at = plane * blocks_.pixels() * blocks_.block,
                           c = plane % blocks_.blocks * blocks_.block;
        take_away(src.data() + at, mean_.data() + c, offset_.data() + c, slope_.data() + c, blocks_.block,
                  blocks_.pixels(), diff.data() + at);
      }
    });
  }

 private:
  ChannelBlocks blocks_;
  std::vector<float> mean_, offset_, slope_;  // by channel as stored, with zeros for padding
};

}  // namespace

NormLayer::NormLayer(Device& device, const std::string& name, Rows rows, const Shape& nchw,
                     const LayerOptions& options)
    : norm_(device, name, rows, nchw, options), primitives_(device, nchw, options.epsilon) {}

void NormLayer::forward(const Tensor& src, Pass pass, Tensor& dst, Tensor& mask) {
  const Tensor &scale = norm_.scale().value, &shift = norm_.shift().value;
  if (pass == Pass::inference) {
    primitives_.infer(src, scale, shift, norm_.running(), dst);
    return;
  }
  if (pass == Pass::training && norm_.reduction() == nullptr) {
    primitives_.forward(src, scale, shift, norm_.batch(), dst, mask);
  } else {
    if (pass == Pass::training) measure_statistics(src, norm_);
    primitives_.forward_with(src, scale, shift, norm_.batch(), dst, mask);
  }
  if (NormObserver* const observer = norm_.observer(pass)) observer->normalized(norm_, pass, src, dst, mask);
}

void NormLayer::backward(const Tensor& src, const Tensor& mask, Tensor& diff) {
  const Tensor &scale = norm_.scale().value, &shift = norm_.shift().value;
  const BatchNormPrimitives::Gradients gradients{diff, norm_.scale().gradient, norm_.shift().gradient};
  if (norm_.reduction() == nullptr) {
    primitives_.backward(src, scale, shift, norm_.batch(), mask, diff, gradients);
    return;
  }
  primitives_.backward_with(src, scale, shift, norm_.batch(), mask, diff, gradients);
  if (src.device().is_planning()) return;
  const Correction correction(norm_, layout());
  src.device().perform(
      {Operation::normalization_gradient, layout().shape()[2], 0, 3 * static_cast<double>(layout().bytes())},
      [&] { correction.apply(src, diff); });
}

std::unique_ptr<NormRelu> make_norm_relu(Device& device, const std::string& name, Rows rows,
                                         const Shape& nchw, const LayerOptions& options) {
  return std::make_unique<NormLayer>(device, name, rows, nchw, options);
}

}  // namespace revnet::onednn
