// The distance between two vectors, in double precision and accurate near 0.
#pragma once

#include <span>
#include <vector>

namespace revnet {

struct VectorDistance {
  double degrees = 0;             // the angle between them; 0 if either is zero
  double relative_l2 = 0;         // |a - b| / |a|; 0 if a is zero
  double largest_difference = 0;  // over all entries
};

// Compares two vectors that are given in the same pieces. Unit vectors u and v enclose the angle 2 atan2(|u -
// v|, |u + v|), which resolves angles below 1e-6 degrees, where the arc cosine of their product cannot.
// Throws logic_error if the pieces differ in size.
VectorDistance distance(const std::vector<std::span<const float>>& a,
                        const std::vector<std::span<const float>>& b);

}  // namespace revnet
