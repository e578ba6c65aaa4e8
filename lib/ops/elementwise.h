// Sums of whole tensors of one layout, padding included.
#pragma once

#include "tensor/tensor.h"

namespace revnet {

// dst += src.
void add(const Tensor& src, Tensor& dst);
// dst -= src.
void subtract(const Tensor& src, Tensor& dst);
// dst = -src, of weights.
void negate(const Tensor& src, Tensor& dst);

}  // namespace revnet
