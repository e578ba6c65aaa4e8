// Part of an image at another size.
#pragma once

#include <span>

#include "data/jpeg.h"

namespace revnet {

// Part of an image, in pixels from its upper left corner; it may begin and end within one.
struct Box {
  double left = 0, top = 0, width = 0, height = 0;
};

// Writes the box as [3, size, size] values from 0 to 255: red, green, blue plane, rows from the top.
// Bilinear; where it shrinks, each value is a mean weighted by a triangle two output pixels wide, so that
// nothing aliases. Pixels outside of the box play no part. `flip` mirrors left to right. Requires a box
// inside the image, of at least a pixel.
void resample(const Pixels& image, const Box& box, int size, bool flip, std::span<float> output);

}  // namespace revnet
