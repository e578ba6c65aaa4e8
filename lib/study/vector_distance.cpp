#include "study/vector_distance.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace revnet {
namespace {

using Pieces = std::vector<std::span<const float>>;

// Calls fold(x, y) for all pairs of entries.
template <class Fold>
void each(const Pieces& a, const Pieces& b, Fold fold) {
  for (std::size_t piece = 0; piece < a.size(); ++piece) {
    for (std::size_t i = 0; i < a[piece].size(); ++i) {
      fold(static_cast<double>(a[piece][i]), static_cast<double>(b[piece][i]));
    }
  }
}

}  // namespace

VectorDistance distance(const Pieces& a, const Pieces& b) {
  const bool alike =
      std::ranges::equal(a, b, {}, &std::span<const float>::size, &std::span<const float>::size);
  if (!alike) throw std::logic_error("distance: the vectors differ in size");
  VectorDistance result;
  double aa = 0, bb = 0, difference = 0;
  each(a, b, [&](double x, double y) {
    aa += x * x;
    bb += y * y;
    difference += (x - y) * (x - y);
    result.largest_difference = std::max(result.largest_difference, std::abs(x - y));
  });
  if (aa == 0) return result;
  result.relative_l2 = std::sqrt(difference / aa);
  if (bb == 0) return result;
  const double of_a = 1 / std::sqrt(aa), of_b = 1 / std::sqrt(bb);
  double minus = 0, plus = 0;
  each(a, b, [&](double x, double y) {
    const double u = x * of_a, v = y * of_b;
    minus += (u - v) * (u - v);
    plus += (u + v) * (u + v);
  });
  result.degrees = 2 * std::atan2(std::sqrt(minus), std::sqrt(plus)) * 180 / std::numbers::pi;
  return result;
}

}  // namespace revnet
