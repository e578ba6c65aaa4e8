// From a JPEG image to network input: which part of it, whether mirrored, and with which colours and values.
//
// Training follows the reference: a random box with 5 to 100 % of the image's area and an aspect ratio from
// 3/4 to 4/3 is resized to the network's square without keeping that ratio, and half of the boxes are
// mirrored; an option distorts colours. Evaluation takes the middle 7/8 of width and height. Pixels x from 0
// to 1 become (x - 0.5) * 2, or are standardised.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "data/colour.h"
#include "data/resample.h"

namespace revnet {

// A channel's values are scale * x + shift for x from 0 to 1.
struct ChannelValues {
  float scale = 2, shift = -1;
};
using PhotographValues = std::array<ChannelValues, 3>;

// Standardises each channel by its mean and standard deviation over ImageNet.
PhotographValues standardized_values();

struct PhotographOptions {
  int size = 224;       // pixels per side of the network's input
  bool augment = true;  // false: training sees the same views as evaluation
  bool flip = true;     // mirror left to right half of the time
  bool colour = false;  // distort colours
  PhotographValues values{};
};

struct View {
  Box box;
  bool flip = false;
  std::optional<ColourDistortion> colour;
};

View central_view(ImageSize size);
// A random training view, as a pure function of the arguments.
View draw_view(ImageSize size, const PhotographOptions& options, std::uint64_t seed, std::uint32_t epoch,
               std::uint32_t index);

// Overwrites output [3, options.size, options.size]. Decodes the image at an eighth, a quarter or half of its
// size if the box still has enough pixels. Throws JpegError if the image is damaged.
void write_view(std::span<const std::uint8_t> jpeg, const View& view, const PhotographOptions& options,
                std::span<float> output);

}  // namespace revnet
