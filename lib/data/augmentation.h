// From an image's bytes to network input: the mean is subtracted and, in training, the image is padded,
// cropped and flipped.
//
// The order is that of the reference code (renmengye/revnet-public, resnet/data/cifar_input.py): each pixel's
// own mean is subtracted, the result is padded with zeros to 36x36, a random 32x32 crop is taken, and half of
// the crops are mirrored left to right. Padding is therefore 0 in the network's input, which is the mean
// image's colour rather than black, and the mean moves with the crop.
#pragma once

#include <cstdint>
#include <span>

#include "data/dataset.h"

namespace revnet {

struct Augmentation {
  int padding = 2;      // zeros added on each side; 0 .. 31
  bool flip = true;     // mirror left to right half of the time
  bool enabled = true;  // false: the image minus the mean, whatever the other fields say
};

// The random draw for one image. With padding 0, the default leaves the image unchanged.
struct CropAndFlip {
  int top = 0;   // row of the crop's top edge in the padded image, 0 .. 2 * padding
  int left = 0;  // column of its left edge, likewise
  bool flip = false;
};

// Throws UsageError unless 0 <= padding < 32.
void check(const Augmentation& augmentation);

// A pure function of its arguments. `index` is the image's index in the training set, so the draw does not
// depend on where in the epoch, or on which rank, the image comes up.
CropAndFlip draw_crop_and_flip(const Augmentation& augmentation, std::uint64_t seed, std::uint32_t epoch,
                               std::uint32_t index);

// Overwrites output [3, 32, 32] with the network input for the bytes of image [3, 32, 32] and mean [3, 32,
// 32]. Requires 0 <= top, left <= 2 * padding and padding < 32. Allocates nothing.
void write_augmented(std::span<const std::uint8_t, cifar_bytes> image,
                     std::span<const float, cifar_bytes> mean, int padding, CropAndFlip crop,
                     std::span<float, cifar_bytes> output);

// Writes the image minus the mean, without padding, crop or flip.
void write_plain(std::span<const std::uint8_t, cifar_bytes> image, std::span<const float, cifar_bytes> mean,
                 std::span<float, cifar_bytes> output);

}  // namespace revnet
