// Random changes of an image's colours in training.
#pragma once

#include <span>

#include "base/random.h"

namespace revnet {

// As the reference has it: in this order, each drawn uniformly.
struct ColourDistortion {
  float brightness = 0;  // added; -32/255 .. 32/255
  float saturation = 1;  // factor; 0.5 .. 1.5
  float hue = 0;         // turns added; -0.2 .. 0.2
  float contrast = 1;    // factor on what differs from the channel's mean; 0.5 .. 1.5
};

ColourDistortion draw_colour_distortion(RandomStream& random);

// Changes an image [3, pixels] of values from 0 to 1, and clips it to them again.
void distort(const ColourDistortion& distortion, std::span<float> image);

}  // namespace revnet
