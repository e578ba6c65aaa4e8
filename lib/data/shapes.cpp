#include "data/shapes.h"

#include <algorithm>
#include <cmath>

namespace revnet {
namespace {

double box(double u, double v, double half_width, double half_height) {
  return std::max(std::abs(u) - half_width, std::abs(v) - half_height);
}

double radius(double u, double v) {
  return std::sqrt(u * u + v * v);
}

double triangle(double u, double v) {
  constexpr double half_sqrt3 = 0.86602540378443865;
  return std::max(v, half_sqrt3 * std::abs(u) - 0.5 * v) - 0.52;
}

// Negative in the bands [0, 1), [2, 3), ... of x; the magnitude is the distance to the nearest band edge.
double bands(double x) {
  const double phase = x - 2.0 * std::floor(x / 2.0);  // in [0, 2)
  return phase < 1.0 ? -std::min(phase, 1.0 - phase) : std::min(phase - 1.0, 2.0 - phase);
}

constexpr double band_width = 0.34;

double checkers(double u, double v) {
  const double a = bands(u / band_width);
  const double b = bands(v / band_width);
  return (a < 0) == (b < 0) ? -std::min(std::abs(a), std::abs(b)) : std::min(std::abs(a), std::abs(b));
}

}  // namespace

double distance_outside(DrawnShape shape, double u, double v) {
  switch (shape) {
    case DrawnShape::disc:
      return radius(u, v) - 0.88;
    case DrawnShape::square:
      return box(u, v, 0.75, 0.75);
    case DrawnShape::triangle:
      return triangle(u, v);
    case DrawnShape::cross:
      return std::min(box(u, v, 0.95, 0.3), box(u, v, 0.3, 0.95));
    case DrawnShape::ring:
      return std::abs(radius(u, v) - 0.7) - 0.22;
    case DrawnShape::frame:
      return std::abs(box(u, v, 0.62, 0.62)) - 0.19;
    case DrawnShape::bow_tie:
      return std::max(std::abs(u) - 0.85, (std::abs(v) - std::abs(u)) * 0.70710678118654752);
    case DrawnShape::crescent:
      return std::max(radius(u, v) - 0.9, 0.72 - radius(u - 0.5, v));
    case DrawnShape::stripes:
      return std::max(radius(u, v) - 0.92, bands(u / band_width) * band_width);
    case DrawnShape::checkers:
      return std::max(radius(u, v) - 0.92, checkers(u, v) * band_width);
  }
  return 1.0;  // not reached: every shape has its case
}

}  // namespace revnet
