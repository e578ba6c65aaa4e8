// From a JPEG image to network input: which part of it, mirrored or not, in which colours and values.
//
// In training, as the reference does it: a random box of 5 to 100 % of the image's area and of an aspect from
// 3/4 to 4/3 is resized to the network's square, without keeping that aspect; half of them are mirrored; a
// setting distorts colours. In evaluation: the middle 7/8 of width and height. Values are (x - 0.5) * 2 of x
// from 0 to 1, unless they are to be standardized.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "data/colour.h"
#include "data/resample.h"

namespace revnet {

// A channel's values are scale * x + shift of x from 0 to 1.
struct ChannelValues {
  float scale = 2, shift = -1;
};
using PhotographValues = std::array<ChannelValues, 3>;

// Each channel less its mean over ImageNet, over its deviation there.
PhotographValues standardized_values();

struct PhotographOptions {
  int size = 224;       // pixels a side of the network's input
  bool augment = true;  // false: training sees what evaluation does
  bool flip = true;     // mirror left to right half of the time
  bool colour = false;  // distort colours
  PhotographValues values{};
};

// What is made of one image.
struct View {
  Box box;
  bool flip = false;
  std::optional<ColourDistortion> colour;
};

View central_view(ImageSize size);
// A pure function of its arguments.
View draw_view(ImageSize size, const PhotographOptions& options, std::uint64_t seed, std::uint32_t epoch,
               std::uint32_t index);

// Overwrites output [3, options.size, options.size]. The image is decoded at an eighth, a quarter or a half
// of its size where the box has pixels enough even so. JpegError when it is damaged.
void write_view(std::span<const std::uint8_t> jpeg, const View& view, const PhotographOptions& options,
                std::span<float> output);

}  // namespace revnet
