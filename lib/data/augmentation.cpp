#include "data/augmentation.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "base/random.h"

namespace revnet {

void check(const Augmentation& augmentation) {
  if (augmentation.padding < 0 || augmentation.padding >= cifar_side) {
    throw UsageError("augmentation padding is " + std::to_string(augmentation.padding) +
                     "; choose 0 to 31 pixels a side");
  }
}

CropAndFlip draw_crop_and_flip(const Augmentation& augmentation, std::uint64_t seed, std::uint32_t epoch,
                               std::uint32_t index) {
  RandomStream random(seed, Purpose::augmentation, epoch, index);
  const auto offsets = static_cast<std::uint32_t>(2 * augmentation.padding + 1);
  CropAndFlip crop;
  crop.top = static_cast<int>(random.below(offsets));
  crop.left = static_cast<int>(random.below(offsets));
  crop.flip = augmentation.flip && random.below(2) == 1;
  return crop;
}

void write_augmented(std::span<const std::uint8_t, cifar_bytes> image,
                     std::span<const float, cifar_bytes> mean, int padding, CropAndFlip crop,
                     std::span<float, cifar_bytes> output) {
  // Builds one row of the padded image at a time. The margins stay zero and only the middle is rewritten, so
  // that both the subtraction and the copy run over 32 pixels without a branch.
  std::array<float, std::size_t{3} * cifar_side> padded{};
  float* const middle = padded.data() + padding;
  const float* const cropped = padded.data() + crop.left;
  for (int row = 0; row < 3 * cifar_side; ++row) {
    const int source_row = row % cifar_side + crop.top - padding;
    float* const out = output.data() + std::ptrdiff_t{row} * cifar_side;
    if (source_row < 0 || source_row >= cifar_side) {
      std::fill_n(out, cifar_side, 0.0f);
      continue;
    }
    const std::ptrdiff_t offset = std::ptrdiff_t{row - row % cifar_side + source_row} * cifar_side;
    const std::uint8_t* const in = image.data() + offset;
    const float* const average = mean.data() + offset;
    for (int x = 0; x < cifar_side; ++x) middle[x] = static_cast<float>(in[x]) - average[x];
    if (crop.flip) {
      for (int x = 0; x < cifar_side; ++x) out[x] = cropped[cifar_side - 1 - x];
    } else {
      std::copy_n(cropped, cifar_side, out);
    }
  }
}

void write_plain(std::span<const std::uint8_t, cifar_bytes> image, std::span<const float, cifar_bytes> mean,
                 std::span<float, cifar_bytes> output) {
  for (std::size_t k = 0; k < cifar_bytes; ++k) output[k] = static_cast<float>(image[k]) - mean[k];
}

}  // namespace revnet
