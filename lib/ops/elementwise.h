// Element-wise operations on whole tensors of one layout, padding included.
#pragma once

#include "layers/grid.h"
#include "tensor/profile.h"
#include "tensor/tensor.h"

namespace revnet {

// dst += src. Profiles count it as a sum of activations, or as `operation`.
void add(const Tensor& src, Tensor& dst);
void add(const Tensor& src, Tensor& dst, Operation operation);
// dst -= src.
void subtract(const Tensor& src, Tensor& dst);
// dst += round(src) and dst -= round(src), where round() goes to the nearest multiple of the grid's step.
void add_rounded(const Tensor& src, Grid grid, Tensor& dst);
void subtract_rounded(const Tensor& src, Grid grid, Tensor& dst);
// dst = round(dst).
void round_to_grid(Tensor& dst, Grid grid);
// dst = -src, for weights.
void negate(const Tensor& src, Tensor& dst);

}  // namespace revnet
