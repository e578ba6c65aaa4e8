#include "data/colour.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace revnet {
namespace {

using Colour = std::array<float, 3>;  // red, green, blue

float between(RandomStream& random, double low, double high) {
  return static_cast<float>(low + (high - low) * random.uniform());
}

// How much of the saturated colour a channel loses at a place on the hue circle, given in sixths from red.
float loss(float sixths) {
  return std::clamp(2.0f - std::abs(sixths - 3.0f), 0.0f, 1.0f);
}

// Rotates the hue and scales the saturation, in HSV; the value stays.
Colour recoloured(const Colour& colour, const ColourDistortion& distortion) {
  const auto [red, green, blue] = colour;
  const float value = std::max({red, green, blue}), range = value - std::min({red, green, blue});
  if (range <= 0 || value <= 0) return colour;
  float sixths = 0;
  if (value == red) {
    sixths = (green - blue) / range;
  } else if (value == green) {
    sixths = 2 + (blue - red) / range;
  } else {
    sixths = 4 + (red - green) / range;
  }
  sixths += 6 * distortion.hue;
  const auto on_circle = [](float at) { return at - 6 * std::floor(at / 6); };
  const float saturation = std::clamp(distortion.saturation * range / value, 0.0f, 1.0f);
  const auto channel = [&](float offset) {
    return value * (1 - saturation * loss(on_circle(sixths + offset)));
  };
  return {channel(0), channel(4), channel(2)};
}

}  // namespace

ColourDistortion draw_colour_distortion(RandomStream& random) {
  ColourDistortion distortion;
  distortion.brightness = between(random, -32.0 / 255, 32.0 / 255);
  distortion.saturation = between(random, 0.5, 1.5);
  distortion.hue = between(random, -0.2, 0.2);
  distortion.contrast = between(random, 0.5, 1.5);
  return distortion;
}

void distort(const ColourDistortion& distortion, std::span<float> image) {
  const std::size_t pixels = image.size() / 3;
  float* const red = image.data();
  float* const green = red + pixels;
  float* const blue = green + pixels;
  for (std::size_t i = 0; i < pixels; ++i) {
    const float brighter = distortion.brightness;
    const Colour colour =
        recoloured({red[i] + brighter, green[i] + brighter, blue[i] + brighter}, distortion);
    red[i] = colour[0];
    green[i] = colour[1];
    blue[i] = colour[2];
  }
  for (float* const plane : {red, green, blue}) {
    double sum = 0;
    for (std::size_t i = 0; i < pixels; ++i) sum += plane[i];
    const auto mean = static_cast<float>(sum / static_cast<double>(pixels));
    for (std::size_t i = 0; i < pixels; ++i) {
      plane[i] = std::clamp(mean + distortion.contrast * (plane[i] - mean), 0.0f, 1.0f);
    }
  }
}

}  // namespace revnet
