// The arithmetic that the algorithm of each kind of kernel leaves, in fused multiply-adds. An addition or a
// multiplication of a transform counts as much as one, because it takes a vector instruction as well.
//
// Not counted are normalising, masking and summing: they are not the convolution's, and without them the
// figure stays a bound.
#pragma once

#include <cstdint>

#include "fused/simd/operands.h"

namespace revnet::simd {

struct Arithmetic {
  double forward = 0, backward = 0;  // backward: both gradients
};

// Winograd F(4x4, 3x3), as winograd.h computes it. The images are its input.
Arithmetic winograd_arithmetic(const Images& images, std::int64_t in, std::int64_t out);
// One multiply-add per tap, result and pair of channels, as pointwise.h and direct.h compute them.
Arithmetic product_arithmetic(const Images& results, std::int64_t taps, std::int64_t in, std::int64_t out);

}  // namespace revnet::simd
