#include "onednn/batch_norm_primitives.h"

#include <stdexcept>

#include "tensor/onednn.h"

namespace revnet::onednn {
namespace {

using dnnl::normalization_flags;
using dnnl::prop_kind;

const normalization_flags affine_relu =
    normalization_flags::use_scale | normalization_flags::use_shift | normalization_flags::fuse_norm_relu;

const normalization_flags affine_relu_of_known = affine_relu | normalization_flags::use_global_stats;

Arguments norm_arguments(const Tensor& src, const Tensor& scale, const Tensor& shift,
                         const Statistics& statistics) {
  return {{DNNL_ARG_SRC, memory_of(src)},
          {DNNL_ARG_SCALE, memory_of(scale)},
          {DNNL_ARG_SHIFT, memory_of(shift)},
          {DNNL_ARG_MEAN, memory_of(statistics.mean)},
          {DNNL_ARG_VARIANCE, memory_of(statistics.variance)}};
}

void run_gradient(const Primitive& primitive, const Tensor& src, const Tensor& scale, const Tensor& shift,
                  const Statistics& statistics, const Tensor& mask, const Tensor& diff_dst,
                  BatchNormPrimitives::Gradients gradients) {
  Arguments arguments = norm_arguments(src, scale, shift, statistics);
  if (!batch_norm_gradient_wants_shift) arguments.erase(DNNL_ARG_SHIFT);
  arguments[DNNL_ARG_WORKSPACE] = memory_of(mask);
  arguments[DNNL_ARG_DIFF_DST] = memory_of(diff_dst);
  arguments[DNNL_ARG_DIFF_SRC] = memory_of(gradients.src);
  arguments[DNNL_ARG_DIFF_SCALE] = memory_of(gradients.scale);
  arguments[DNNL_ARG_DIFF_SHIFT] = memory_of(gradients.shift);
  primitive.run(src.device(), std::move(arguments));
}

}  // namespace

BatchNormPrimitives::BatchNormPrimitives(const Device& device, const Shape& nchw, double epsilon)
    : layout_(device.activation_layout(nchw)) {
  const dnnl::engine& engine = engine_of(device);
  const auto describe = [&](prop_kind kind, normalization_flags flags) {
    return describe_batch_norm(engine, primitive_attributes(), kind, desc_of(layout_),
                               static_cast<float>(epsilon), flags);
  };
  const auto forward = describe(prop_kind::forward_training, affine_relu);
  const auto describe_gradient = [&](normalization_flags flags) {
    return describe_batch_norm_gradient(engine, primitive_attributes(), forward, desc_of(layout_),
                                        static_cast<float>(epsilon), flags);
  };
  mask_ = layout_of(forward.workspace_desc());
  const auto cost = [&](Operation operation, std::size_t tensors) {
    return Cost{operation, nchw[2], 0, static_cast<double>(tensors * layout_.bytes() + mask_.bytes())};
  };
  forward_ = Primitive(forward, cost(Operation::normalization, 2));
  forward_with_ = Primitive(describe(prop_kind::forward_training, affine_relu_of_known),
                            cost(Operation::known_normalization, 2));
  infer_ = Primitive(describe(prop_kind::forward_inference, affine_relu_of_known),
                     cost(Operation::known_normalization, 2));
  const Cost gradient = cost(Operation::normalization_gradient, 3);
  backward_ = Primitive(describe_gradient(affine_relu), gradient);
  backward_with_ = Primitive(describe_gradient(affine_relu_of_known), gradient);
}

const Primitive& BatchNormPrimitives::primitive(Operation operation) const {
  switch (operation) {
    case Operation::normalization:
      return forward_;
    case Operation::known_normalization:
      return forward_with_;
    case Operation::normalization_gradient:
      return backward_;
    default:
      throw std::logic_error("BatchNormPrimitives: not a normalisation");
  }
}

void BatchNormPrimitives::forward(const Tensor& src, const Tensor& scale, const Tensor& shift,
                                  Statistics& statistics, Tensor& dst, Tensor& mask) const {
  Arguments arguments = norm_arguments(src, scale, shift, statistics);
  arguments[DNNL_ARG_DST] = memory_of(dst);
  arguments[DNNL_ARG_WORKSPACE] = memory_of(mask);
  forward_.run(src.device(), std::move(arguments));
}

void BatchNormPrimitives::forward_with(const Tensor& src, const Tensor& scale, const Tensor& shift,
                                       const Statistics& statistics, Tensor& dst, Tensor& mask) const {
  Arguments arguments = norm_arguments(src, scale, shift, statistics);
  arguments[DNNL_ARG_DST] = memory_of(dst);
  arguments[DNNL_ARG_WORKSPACE] = memory_of(mask);
  forward_with_.run(src.device(), std::move(arguments));
}

void BatchNormPrimitives::infer(const Tensor& src, const Tensor& scale, const Tensor& shift,
                                const Statistics& running, Tensor& dst) const {
  Arguments arguments = norm_arguments(src, scale, shift, running);
  arguments[DNNL_ARG_DST] = memory_of(dst);
  infer_.run(src.device(), std::move(arguments));
}

void BatchNormPrimitives::backward(const Tensor& src, const Tensor& scale, const Tensor& shift,
                                   const Statistics& statistics, const Tensor& mask, const Tensor& diff_dst,
                                   Gradients gradients) const {
  run_gradient(backward_, src, scale, shift, statistics, mask, diff_dst, gradients);
}

void BatchNormPrimitives::backward_with(const Tensor& src, const Tensor& scale, const Tensor& shift,
                                        const Statistics& statistics, const Tensor& mask,
                                        const Tensor& diff_dst, Gradients gradients) const {
  run_gradient(backward_with_, src, scale, shift, statistics, mask, diff_dst, gradients);
}

}  // namespace revnet::onednn
