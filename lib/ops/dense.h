// A dense layer with bias: logits = features * weights^T + bias.
//
// Shapes, all row-major: features [N, in], weights [out, in], bias [out], logits [N, out].
#pragma once

#include "ops/kernel.h"

namespace revnet {

class Dense {
 public:
  Dense(const Device& device, std::int64_t batch, std::int64_t in, std::int64_t out);

  // Overwrites logits.
  void forward(Device& device, const Tensor& features, const Tensor& weights, const Tensor& bias,
               Tensor& logits) const;
  // Overwrites diff_features, diff_weights and diff_bias.
  void backward(Device& device, const Tensor& features, const Tensor& weights, const Tensor& diff_logits,
                Tensor& diff_features, Tensor& diff_weights, Tensor& diff_bias) const;

 private:
  Kernel forward_, backward_data_, backward_weights_;
};

}  // namespace revnet
