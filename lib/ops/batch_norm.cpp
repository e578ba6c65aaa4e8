#include "ops/batch_norm.h"

#include <stdexcept>

namespace revnet {
namespace {

using dnnl::normalization_flags;
using dnnl::prop_kind;

const normalization_flags affine_relu =
    normalization_flags::use_scale | normalization_flags::use_shift | normalization_flags::fuse_norm_relu;

dnnl::batch_normalization_forward::primitive_desc describe_forward(const dnnl::engine& engine, prop_kind kind,
                                                                   const Layout& layout, double epsilon,
                                                                   normalization_flags flags) {
  return {{kind, layout.desc(), static_cast<float>(epsilon), flags}, kernel_attributes(), engine};
}

}  // namespace

Statistics::Statistics(Device& device, std::int64_t channels)
    : mean(device, Layout::plain({channels}), MemoryPurpose::statistics),
      variance(device, Layout::plain({channels}), MemoryPurpose::statistics) {}

BatchNormRelu::BatchNormRelu(const Device& device, const Shape& nchw, double epsilon)
    : layout_(device.activation_layout(nchw)) {
  const dnnl::engine& engine = device.engine();
  const auto forward = describe_forward(engine, prop_kind::forward_training, layout_, epsilon, affine_relu);
  mask_ = Layout(forward.workspace_desc());
  const auto work = [&](Operation operation, std::size_t tensors) {
    return Work{operation, nchw[2], 0, static_cast<double>(tensors * layout_.bytes() + mask_.bytes())};
  };
  forward_ = Kernel(device, forward, work(Operation::normalization, 2));
  forward_with_ = Kernel(device,
                         describe_forward(engine, prop_kind::forward_training, layout_, epsilon,
                                          affine_relu | normalization_flags::use_global_stats),
                         work(Operation::known_normalization, 2));
  infer_ = Kernel(device,
                  describe_forward(engine, prop_kind::forward_inference, layout_, epsilon,
                                   affine_relu | normalization_flags::use_global_stats),
                  work(Operation::known_normalization, 2));
  const dnnl::batch_normalization_backward::primitive_desc backward(
      {prop_kind::backward, layout_.desc(), layout_.desc(), static_cast<float>(epsilon), affine_relu},
      kernel_attributes(), engine, forward);
  backward_ = Kernel(device, backward, work(Operation::normalization_gradient, 3));
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

}  // namespace

void BatchNormRelu::forward(Device& device, const Tensor& src, const Tensor& scale, const Tensor& shift,
                            Statistics& statistics, Tensor& dst, Tensor& mask) const {
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
  arguments[DNNL_ARG_WORKSPACE] = mask.memory();
  arguments[DNNL_ARG_DIFF_DST] = diff_dst.memory();
  arguments[DNNL_ARG_DIFF_SRC] = diff_src.memory();
  arguments[DNNL_ARG_DIFF_SCALE] = diff_scale.memory();
  arguments[DNNL_ARG_DIFF_SHIFT] = diff_shift.memory();
  backward_.run(device, std::move(arguments));
}

}  // namespace revnet
