// A plain matrix product, for measuring the machine's arithmetic peak.
#pragma once

#include "tensor/tensor.h"

namespace revnet::onednn {

// c = a * b, all [n, n] and row-major: 2 n^3 floating-point operations. Overwrites c.
void sgemm(const Tensor& a, const Tensor& b, Tensor& c);

}  // namespace revnet::onednn
