#include "ops/batch_norm.h"

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
  forward_ = Kernel(device, forward);
  forward_with_ = Kernel(device, describe_forward(engine, prop_kind::forward_training, layout_, epsilon,
                                                  affine_relu | normalization_flags::use_global_stats));
  infer_ = Kernel(device, describe_forward(engine, prop_kind::forward_inference, layout_, epsilon,
                                           affine_relu | normalization_flags::use_global_stats));
  const dnnl::batch_normalization_backward::primitive_desc backward(
      {prop_kind::backward, layout_.desc(), layout_.desc(), static_cast<float>(epsilon), affine_relu},
      kernel_attributes(), engine, forward);
  backward_ = Kernel(device, backward);
}

void BatchNormRelu::forward(Device& device, const Tensor& src, const Tensor& scale, const Tensor& shift,
                            Statistics& statistics, Tensor& dst, Tensor& mask) const {
  forward_.run(device, {{DNNL_ARG_SRC, src.memory()},
                        {DNNL_ARG_SCALE, scale.memory()},
                        {DNNL_ARG_SHIFT, shift.memory()},
                        {DNNL_ARG_MEAN, statistics.mean.memory()},
                        {DNNL_ARG_VARIANCE, statistics.variance.memory()},
                        {DNNL_ARG_DST, dst.memory()},
                        {DNNL_ARG_WORKSPACE, mask.memory()}});
}

void BatchNormRelu::forward_with(Device& device, const Tensor& src, const Tensor& scale, const Tensor& shift,
                                 const Statistics& statistics, Tensor& dst, Tensor& mask) const {
  forward_with_.run(device, {{DNNL_ARG_SRC, src.memory()},
                             {DNNL_ARG_SCALE, scale.memory()},
                             {DNNL_ARG_SHIFT, shift.memory()},
                             {DNNL_ARG_MEAN, statistics.mean.memory()},
                             {DNNL_ARG_VARIANCE, statistics.variance.memory()},
                             {DNNL_ARG_DST, dst.memory()},
                             {DNNL_ARG_WORKSPACE, mask.memory()}});
}

void BatchNormRelu::infer(Device& device, const Tensor& src, const Tensor& scale, const Tensor& shift,
                          const Statistics& running, Tensor& dst) const {
  infer_.run(device, {{DNNL_ARG_SRC, src.memory()},
                      {DNNL_ARG_SCALE, scale.memory()},
                      {DNNL_ARG_SHIFT, shift.memory()},
                      {DNNL_ARG_MEAN, running.mean.memory()},
                      {DNNL_ARG_VARIANCE, running.variance.memory()},
                      {DNNL_ARG_DST, dst.memory()}});
}

void BatchNormRelu::backward(Device& device, const Tensor& src, const Tensor& scale, const Tensor& shift,
                             const Statistics& statistics, const Tensor& mask, const Tensor& diff_dst,
                             Tensor& diff_src, Tensor& diff_scale, Tensor& diff_shift) const {
  backward_.run(device, {{DNNL_ARG_SRC, src.memory()},
                         {DNNL_ARG_SCALE, scale.memory()},
                         {DNNL_ARG_SHIFT, shift.memory()},
                         {DNNL_ARG_MEAN, statistics.mean.memory()},
                         {DNNL_ARG_VARIANCE, statistics.variance.memory()},
                         {DNNL_ARG_WORKSPACE, mask.memory()},
                         {DNNL_ARG_DIFF_DST, diff_dst.memory()},
                         {DNNL_ARG_DIFF_SRC, diff_src.memory()},
                         {DNNL_ARG_DIFF_SCALE, diff_scale.memory()},
                         {DNNL_ARG_DIFF_SHIFT, diff_shift.memory()}});
}

}  // namespace revnet
