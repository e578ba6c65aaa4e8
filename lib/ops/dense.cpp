#include "ops/dense.h"

#include "tensor/onednn.h"
#include "tensor/primitive.h"

namespace revnet {

using onednn::memory_of;

struct Dense::Primitives {
  onednn::Primitive forward, backward_data, backward_weights;
};

Dense::Dense(const Device& device, std::int64_t batch, std::int64_t in, std::int64_t out) {
  const dnnl::engine& engine = onednn::engine_of(device);
  const dnnl::memory::desc features = onednn::desc_of(Layout::plain({batch, in})),
                           weights = onednn::desc_of(Layout::plain({out, in})),
                           bias = onednn::desc_of(Layout::plain({out})),
                           logits = onednn::desc_of(Layout::plain({batch, out}));
  const dnnl::primitive_attr attributes = onednn::primitive_attributes();
  const auto forward = onednn::describe<dnnl::inner_product_forward>(
      engine, attributes, dnnl::prop_kind::forward_training, features, weights, bias, logits);
  const auto data = onednn::describe_gradient<dnnl::inner_product_backward_data>(engine, attributes, forward,
                                                                                 features, weights, logits);
  const auto gradient = onednn::describe_gradient<dnnl::inner_product_backward_weights>(
      engine, attributes, forward, features, weights, bias, logits);
  const Cost cost{Operation::dense, 0, 2.0 * static_cast<double>(batch * in * out),
                  static_cast<double>(features.get_size() + weights.get_size() + logits.get_size())};
  primitives_ = std::make_unique<const Primitives>(Primitives{
      onednn::Primitive(forward, cost), onednn::Primitive(data, cost), onednn::Primitive(gradient, cost)});
}

Dense::~Dense() = default;

void Dense::forward(const Tensor& features, const Tensor& weights, const Tensor& bias, Tensor& logits) const {
  primitives_->forward.run(logits.device(), {{DNNL_ARG_SRC, memory_of(features)},
                                             {DNNL_ARG_WEIGHTS, memory_of(weights)},
                                             {DNNL_ARG_BIAS, memory_of(bias)},
                                             {DNNL_ARG_DST, memory_of(logits)}});
}

void Dense::backward(const Tensor& features, const Tensor& weights, const Tensor& diff_logits,
                     Tensor& diff_features, Tensor& diff_weights, Tensor& diff_bias) const {
  primitives_->backward_data.run(diff_logits.device(), {{DNNL_ARG_DIFF_DST, memory_of(diff_logits)},
                                                        {DNNL_ARG_WEIGHTS, memory_of(weights)},
                                                        {DNNL_ARG_DIFF_SRC, memory_of(diff_features)}});
  primitives_->backward_weights.run(diff_logits.device(), {{DNNL_ARG_SRC, memory_of(features)},
                                                           {DNNL_ARG_DIFF_DST, memory_of(diff_logits)},
                                                           {DNNL_ARG_DIFF_WEIGHTS, memory_of(diff_weights)},
                                                           {DNNL_ARG_DIFF_BIAS, memory_of(diff_bias)}});
}

}  // namespace revnet
