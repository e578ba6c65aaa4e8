#include "ops/batch_norm.h"

#include <cmath>
#include <stdexcept>
#include <vector>

#include "ops/fused_norm.h"
#include "tensor/onednn.h"
#include "tensor/parallel.h"

namespace revnet {
namespace {

using dnnl::normalization_flags;
using dnnl::prop_kind;

const normalization_flags affine_relu =
    normalization_flags::use_scale | normalization_flags::use_shift | normalization_flags::fuse_norm_relu;

const normalization_flags affine_relu_of_known = affine_relu | normalization_flags::use_global_stats;

}  // namespace

Statistics::Statistics(Device& device, std::int64_t channels)
    : mean(device, Layout::plain({channels}), MemoryPurpose::statistics),
      variance(device, Layout::plain({channels}), MemoryPurpose::statistics) {}

BatchNormRelu::BatchNormRelu(const Device& device, const Shape& nchw, double epsilon, Reduction* batch)
    : layout_(device.activation_layout(nchw)), epsilon_(epsilon), batch_(batch) {
  const dnnl::engine& engine = device.engine();
  const auto describe = [&](prop_kind kind, normalization_flags flags) {
    return onednn::describe_batch_norm(engine, kernel_attributes(), kind, layout_.desc(),
                                       static_cast<float>(epsilon), flags);
  };
  const auto forward = describe(prop_kind::forward_training, affine_relu);
  const auto describe_gradient = [&](normalization_flags flags) {
    return onednn::describe_batch_norm_gradient(engine, kernel_attributes(), forward, layout_.desc(),
                                                static_cast<float>(epsilon), flags);
  };
  mask_ = Layout(forward.workspace_desc());
  const auto work = [&](Operation operation, std::size_t tensors) {
    return Work{operation, nchw[2], 0, static_cast<double>(tensors * layout_.bytes() + mask_.bytes())};
  };
  forward_ = Kernel(device, forward, work(Operation::normalization, 2));
  forward_with_ = Kernel(device, describe(prop_kind::forward_training, affine_relu_of_known),
                         work(Operation::known_normalization, 2));
  infer_ = Kernel(device, describe(prop_kind::forward_inference, affine_relu_of_known),
                  work(Operation::known_normalization, 2));
  const Work gradient = work(Operation::normalization_gradient, 3);
  backward_ = Kernel(device, describe_gradient(affine_relu), gradient);
  if (batch_ != nullptr) backward_with_ = Kernel(device, describe_gradient(affine_relu_of_known), gradient);
}

const Kernel& BatchNormRelu::kernel(Operation operation) const {
  switch (operation) {
    case Operation::normalization:
      return forward_;
    case Operation::known_normalization:
      return forward_with_;
    case Operation::normalization_gradient:
      return backward_;
    default:
      throw std::logic_error("BatchNormRelu: not an operation of normalisations");
  }
}

namespace {

Arguments norm_arguments(const Tensor& src, const Tensor& scale, const Tensor& shift,
                         const Statistics& statistics) {
  return {{DNNL_ARG_SRC, src.memory()},
          {DNNL_ARG_SCALE, scale.memory()},
          {DNNL_ARG_SHIFT, shift.memory()},
          {DNNL_ARG_MEAN, statistics.mean.memory()},
          {DNNL_ARG_VARIANCE, statistics.variance.memory()}};
}

REVNET_MULTITARGET void take_away(const float* src, const float* mean, const float* offset,
                                  const float* slope, std::int64_t block, std::int64_t pixels, float* diff) {
  for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
    for (std::int64_t c = 0; c < block; ++c) {
      const std::int64_t i = pixel * block + c;
      diff[i] -= offset[c] + (src[i] - mean[c]) * slope[c];
    }
  }
}

// What the gradient with constant statistics lacks: the statistics depend on the input, too. With g the
// gradient by what went into the ReLU, and means over the whole batch,
//   factor * (mean(g) + (x - mean) * mean(g (x - mean)) / (variance + epsilon)),  factor = scale / deviation,
// is to be taken away. Both sums over this process's share stand in the gradients of shift and scale.
class Correction {
 public:
  Correction(const Tensor& scale, const Statistics& statistics, double epsilon, const Tensor& diff_scale,
             const Tensor& diff_shift, const Layout& layout, Reduction& batch)
      : blocks_(layout),
        mean_(static_cast<std::size_t>(blocks_.blocks * blocks_.block)),
        offset_(mean_),
        slope_(mean_) {
    const std::size_t channels = scale.values().size();
    std::vector<double> sums(2 * channels + 1);
    for (std::size_t c = 0; c < channels; ++c) {
      sums[c] = diff_shift.values()[c];
      sums[channels + c] = diff_scale.values()[c];
    }
    sums.back() = static_cast<double>(blocks_.images * blocks_.pixels());
    batch.sum(sums);
    for (std::size_t c = 0; c < channels; ++c) {
      const double inverse = 1.0 / std::sqrt(static_cast<double>(statistics.variance.values()[c]) + epsilon);
      const double factor = scale.values()[c] * inverse;
      mean_[c] = statistics.mean.values()[c];
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
  std::vector<float> mean_, offset_, slope_;  // by channel as stored, zeros for padding
};

}  // namespace

void BatchNormRelu::forward(Device& device, const Tensor& src, const Tensor& scale, const Tensor& shift,
                            Statistics& statistics, Tensor& dst, Tensor& mask) const {
  if (batch_ != nullptr) {
    measure_statistics(device, src, statistics, batch_);
    forward_with(device, src, scale, shift, statistics, dst, mask);
    return;
  }
  Arguments arguments = norm_arguments(src, scale, shift, statistics);
  arguments[DNNL_ARG_DST] = dst.memory();
  arguments[DNNL_ARG_WORKSPACE] = mask.memory();
  forward_.run(device, std::move(arguments));
}

void BatchNormRelu::forward_with(Device& device, const Tensor& src, const Tensor& scale, const Tensor& shift,
                                 const Statistics& statistics, Tensor& dst, Tensor& mask) const {
  Arguments arguments = norm_arguments(src, scale, shift, statistics);
  arguments[DNNL_ARG_DST] = dst.memory();
  arguments[DNNL_ARG_WORKSPACE] = mask.memory();
  forward_with_.run(device, std::move(arguments));
}

void BatchNormRelu::infer(Device& device, const Tensor& src, const Tensor& scale, const Tensor& shift,
                          const Statistics& running, Tensor& dst) const {
  Arguments arguments = norm_arguments(src, scale, shift, running);
  arguments[DNNL_ARG_DST] = dst.memory();
  infer_.run(device, std::move(arguments));
}

void BatchNormRelu::backward(Device& device, const Tensor& src, const Tensor& scale, const Tensor& shift,
                             const Statistics& statistics, const Tensor& mask, const Tensor& diff_dst,
                             Tensor& diff_src, Tensor& diff_scale, Tensor& diff_shift) const {
  Arguments arguments = norm_arguments(src, scale, shift, statistics);
  if (!onednn::batch_norm_gradient_wants_shift) arguments.erase(DNNL_ARG_SHIFT);
  arguments[DNNL_ARG_WORKSPACE] = mask.memory();
  arguments[DNNL_ARG_DIFF_DST] = diff_dst.memory();
  arguments[DNNL_ARG_DIFF_SRC] = diff_src.memory();
  arguments[DNNL_ARG_DIFF_SCALE] = diff_scale.memory();
  arguments[DNNL_ARG_DIFF_SHIFT] = diff_shift.memory();
  (backward_with_ ? *backward_with_ : backward_).run(device, std::move(arguments));
  if (batch_ == nullptr || device.is_planning()) return;
  const Correction correction(scale, statistics, epsilon_, diff_scale, diff_shift, layout_, *batch_);
  device.perform(
      {Operation::normalization_gradient, layout_.shape()[2], 0, 3 * static_cast<double>(layout_.bytes())},
      [&] { correction.apply(src, diff_src); });
}

}  // namespace revnet
