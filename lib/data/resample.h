// Resampling of a part of an image to another size.
#pragma once

#include <span>

#include "data/jpeg.h"

namespace revnet {

// A part of an image, in pixels from its upper left corner; its edges may lie within pixels.
struct Box {
  double left = 0, top = 0, width = 0, height = 0;
};

// Writes the box as [3, size, size] values from 0 to 255: red, green and blue plane, rows from the top.
// Interpolates bilinearly; when shrinking, it weights by a triangle two output pixels wide to avoid aliasing.
// Pixels outside the box have no influence. `flip` mirrors left to right. Requires a box of at least one
// pixel inside the image.
void resample(const Pixels& image, const Box& box, int size, bool flip, std::span<float> output);

}  // namespace revnet
