// A plain matrix product, to learn what the machine can do.
#pragma once

#include "tensor/tensor.h"

namespace revnet {

// c = a * b, all [n, n] row-major; 2 n^3 operations. Overwrites c.
void sgemm(const Tensor& a, const Tensor& b, Tensor& c);

}  // namespace revnet
