// How far two sequences of numbers are apart.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace revnet::testing {

// max |a - b|, in double precision. Infinite if a difference is not finite, or if the sizes differ.
template <class A, class B>
double largest_difference(const A& a, const B& b) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (a.size() != b.size()) return infinity;
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (!(difference < infinity)) return infinity;  // also NaN, which std::max would drop
    largest = std::max(largest, difference);
  }
  return largest;
}

// |values - reference| / |reference| in the Euclidean norm, in double precision. Infinite if anything is not
// finite, if the sizes differ, or if the reference is zero.
template <class A, class B>
double relative_distance(const A& values, const B& reference) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (values.size() != reference.size()) return infinity;
  double apart = 0, size = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const double value = static_cast<double>(values[i]), exact = static_cast<double>(reference[i]);
    apart += (value - exact) * (value - exact);
    size += exact * exact;
  }
  const double distance = std::sqrt(apart / size);
  return distance < infinity ? distance : infinity;  // also for NaN
}

}  // namespace revnet::testing
