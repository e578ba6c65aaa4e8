// A dense layer with bias: logits = features * weights^T + bias.
//
// Shapes, all row-major: features [N, in], weights [out, in], bias [out], logits [N, out].
#pragma once

#include <memory>

#include "tensor/tensor.h"

namespace revnet {

class Dense {
 public:
  Dense(const Device& device, std::int64_t batch, std::int64_t in, std::int64_t out);
  ~Dense();

  // Overwrites logits.
  void forward(const Tensor& features, const Tensor& weights, const Tensor& bias, Tensor& logits) const;
  // Overwrites diff_features, diff_weights and diff_bias.
  void backward(const Tensor& features, const Tensor& weights, const Tensor& diff_logits,
                Tensor& diff_features, Tensor& diff_weights, Tensor& diff_bias) const;

 private:
  struct Primitives;
  std::unique_ptr<const Primitives> primitives_;
};

}  // namespace revnet
