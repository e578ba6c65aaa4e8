// Random colour distortion of training images.
#pragma once

#include <span>

#include "base/random.h"

namespace revnet {

// The reference's distortions, in the order they are applied; each is drawn uniformly from its range.
struct ColourDistortion {
  float brightness = 0;  // added: -32/255 .. 32/255
  float saturation = 1;  // factor: 0.5 .. 1.5
  float hue = 0;         // added, in turns: -0.2 .. 0.2
  float contrast = 1;    // factor on the distance from the channel's mean: 0.5 .. 1.5
};

ColourDistortion draw_colour_distortion(RandomStream& random);

// Distorts an image [3, pixels] of values from 0 to 1 and clips the result to that range.
void distort(const ColourDistortion& distortion, std::span<float> image);

}  // namespace revnet
