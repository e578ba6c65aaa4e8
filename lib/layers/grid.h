// The grid of exact coupling. Activations between units are multiples of a step 2^-bits, and the output of a
// residual function is rounded to such a multiple before it is added:
//
//   y1 = x1 + round(F(x2))        x1 = y1 - round(F(x2))
//
// Sums and differences of multiples are exact in float32 up to 2^24 steps. F is recomputed from the same
// bits, so reconstruction restores the activations bit for bit, and reconstructed gradients equal stored
// ones. The paper's own coupling rounds each sum to float32.
#pragma once

#include <cmath>

namespace revnet {

struct Grid {
  int bits = 0;

  float step() const { return std::ldexp(1.0f, -bits); }
  // The largest magnitude up to which sums are exact.
  float range() const { return std::ldexp(1.0f, 24 - bits); }
  // The nearest multiple of the step; ties go to the even one.
  float round(float value) const { return std::nearbyint(value * std::ldexp(1.0f, bits)) * step(); }
};

}  // namespace revnet
