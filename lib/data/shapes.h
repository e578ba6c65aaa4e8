// The ten shapes of the synthetic set, as functions of the plane.
#pragma once

namespace revnet {

inline constexpr int shape_count = 10;

// The label of a synthetic image. Values are labels: append, never renumber.
enum class DrawnShape : int {
  disc = 0,
  square = 1,
  triangle = 2,
  cross = 3,
  ring = 4,
  frame = 5,    // a hollow square
  bow_tie = 6,  // two triangles that touch
  crescent = 7,
  stripes = 8,   // a disc filled with stripes
  checkers = 9,  // a disc filled with a checkerboard
};

// How far (u, v) lies outside the edge of the shape: negative inside, in units in which the shape fits the
// unit circle, growing at most about one unit a unit. Arithmetic and square roots only, so that results are
// the same on every machine.
double distance_outside(DrawnShape shape, double u, double v);

}  // namespace revnet
