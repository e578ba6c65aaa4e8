// How far apart two vectors are, in double precision, exact near 0.
#pragma once

#include <span>
#include <vector>

namespace revnet {

struct Comparison {
  double degrees = 0;             // between the two; 0 if either is zero
  double relative_l2 = 0;         // |a - b| / |a|; 0 if a is zero
  double largest_difference = 0;  // of any entry
};

// Of two vectors given in the same pieces. Two vectors of unit length u and v enclose the angle
// 2 atan2(|u - v|, |u + v|), which sees angles that the arc cosine of their product cannot: below 1e-6
// degrees. logic_error when the pieces differ in size.
Comparison compare(const std::vector<std::span<const float>>& a,
                   const std::vector<std::span<const float>>& b);

}  // namespace revnet
