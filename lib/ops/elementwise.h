// Sums of whole tensors of one layout, padding included.
#pragma once

#include "tensor/tensor.h"

namespace revnet {

// dst += src.
void add(Device& device, const Tensor& src, Tensor& dst);
// dst -= src.
void subtract(Device& device, const Tensor& src, Tensor& dst);
// dst = -src, of weights.
void negate(Device& device, const Tensor& src, Tensor& dst);

}  // namespace revnet
