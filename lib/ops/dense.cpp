#include "ops/dense.h"

#include "tensor/onednn.h"

namespace revnet {

Dense::Dense(const Device& device, std::int64_t batch, std::int64_t in, std::int64_t out) {
  const dnnl::engine& engine = device.engine();
  const dnnl::memory::desc features = Layout::plain({batch, in}).desc(),
                           weights = Layout::plain({out, in}).desc(), bias = Layout::plain({out}).desc(),
                           logits = Layout::plain({batch, out}).desc();
  const dnnl::primitive_attr attributes = kernel_attributes();
  const auto forward = onednn::describe<dnnl::inner_product_forward>(
      engine, attributes, dnnl::prop_kind::forward_training, features, weights, bias, logits);
  const auto data = onednn::describe_gradient<dnnl::inner_product_backward_data>(engine, attributes, forward,
                                                                                 features, weights, logits);
  const auto gradient = onednn::describe_gradient<dnnl::inner_product_backward_weights>(
      engine, attributes, forward, features, weights, bias, logits);
  const Work work{Operation::dense, 0, 2.0 * static_cast<double>(batch * in * out),
                  static_cast<double>(features.get_size() + weights.get_size() + logits.get_size())};
  forward_ = Kernel(device, forward, work);
  backward_data_ = Kernel(device, data, work);
  backward_weights_ = Kernel(device, gradient, work);
}

void Dense::forward(Device& device, const Tensor& features, const Tensor& weights, const Tensor& bias,
                    Tensor& logits) const {
  forward_.run(device, {{DNNL_ARG_SRC, features.memory()},
                        {DNNL_ARG_WEIGHTS, weights.memory()},
                        {DNNL_ARG_BIAS, bias.memory()},
                        {DNNL_ARG_DST, logits.memory()}});
}

void Dense::backward(Device& device, const Tensor& features, const Tensor& weights, const Tensor& diff_logits,
                     Tensor& diff_features, Tensor& diff_weights, Tensor& diff_bias) const {
  backward_data_.run(device, {{DNNL_ARG_DIFF_DST, diff_logits.memory()},
                              {DNNL_ARG_WEIGHTS, weights.memory()},
                              {DNNL_ARG_DIFF_SRC, diff_features.memory()}});
  backward_weights_.run(device, {{DNNL_ARG_SRC, features.memory()},
                                 {DNNL_ARG_DIFF_DST, diff_logits.memory()},
                                 {DNNL_ARG_DIFF_WEIGHTS, diff_weights.memory()},
                                 {DNNL_ARG_DIFF_BIAS, diff_bias.memory()}});
}

}  // namespace revnet
