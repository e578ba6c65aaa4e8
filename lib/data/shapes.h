// The ten shapes of the synthetic set, as functions on the plane.
#pragma once

namespace revnet {

inline constexpr int shape_count = 10;

// The label of a synthetic image. The values are labels: append, never renumber.
enum class DrawnShape : int {
  disc = 0,
  square = 1,
  triangle = 2,
  cross = 3,
  ring = 4,
  frame = 5,    // a hollow square
  bow_tie = 6,  // two triangles that touch at a point
  crescent = 7,
  stripes = 8,   // a disc filled with stripes
  checkers = 9,  // a disc filled with a checkerboard
};

// How far (u, v) lies outside the shape's edge, negative inside. The unit is the radius of the circle in
// which the shape fits, and the gradient is at most about 1. Only arithmetic and square roots are used, so
// that results are the same on every machine.
double distance_outside(DrawnShape shape, double u, double v);

}  // namespace revnet
