// From the bytes of one image to network input: minus the mean, and in training padded, cropped, flipped.
//
// Order, as in the reference code (renmengye/revnet-public, resnet/data/cifar_input.py): the mean image is
// subtracted from the whole image, each pixel's own mean; the result is padded with zeros to 36x36; a random
// 32x32 crop is taken, and mirrored left to right half of the time. So padding is 0 in the network's input,
// which is the mean image's colour and not black, and the mean moves with the crop.
#pragma once

#include <cstdint>
#include <span>

#include "data/dataset.h"

namespace revnet {

struct Augmentation {
  int padding = 2;      // zeros added on each side; 0 .. 31
  bool flip = true;     // mirror left to right half of the time
  bool enabled = true;  // false: the image minus the mean, no matter what the other fields say
};

// What was drawn for one image. The default leaves the image as it is when padding is 0.
struct CropAndFlip {
  int top = 0;   // of the crop in the padded image, 0 .. 2 * padding
  int left = 0;  // likewise
  bool flip = false;
};

// UsageError unless 0 <= padding < 32.
void check(const Augmentation& augmentation);

// A pure function of its arguments. `index` is the image's place in the training set, so the draw does not
// depend on where in the epoch, or on which rank, the image comes up.
CropAndFlip draw_crop_and_flip(const Augmentation& augmentation, std::uint64_t seed, std::uint32_t epoch,
                               std::uint32_t index);

// Writes one network input: image [3, 32, 32] bytes and mean [3, 32, 32] in, output [3, 32, 32] overwritten.
// Requires 0 <= top, left <= 2 * padding and padding < 32. Allocates nothing.
void write_augmented(std::span<const std::uint8_t, image_bytes> image,
                     std::span<const float, image_bytes> mean, int padding, CropAndFlip crop,
                     std::span<float, image_bytes> output);

// The same without padding, crop or flip: image minus mean.
void write_plain(std::span<const std::uint8_t, image_bytes> image, std::span<const float, image_bytes> mean,
                 std::span<float, image_bytes> output);

}  // namespace revnet
