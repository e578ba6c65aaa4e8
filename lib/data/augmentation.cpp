#include "data/augmentation.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "base/random.h"

namespace revnet {

void check(const Augmentation& augmentation) {
  if (augmentation.padding < 0 || augmentation.padding >= image_size) {
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

void write_augmented(std::span<const std::uint8_t, image_bytes> image,
                     std::span<const float, image_bytes> mean, int padding, CropAndFlip crop,
                     std::span<float, image_bytes> output) {
  // Builds one row of the padded image at a time. The margins stay zero and only the middle is rewritten, so
  // that both the subtraction and the copy run over 32 pixels without a branch.
  std::array<float, std::size_t{3} * image_size> padded{};
  float* const middle = padded.data() + padding;
  const float* const cropped = padded.data() + crop.left;
  for (int row = 0; row < image_channels * image_size; ++row) {
    const int source_row = row % image_size + crop.top - padding;
    float* const out = output.data() + std::ptrdiff_t{row} * image_size;
    if (source_row < 0 || source_row >= image_size) {
      std::fill_n(out, image_size, 0.0f);
      continue;
    }
    const std::ptrdiff_t offset = std::ptrdiff_t{row - row % image_size + source_row} * image_size;
    const std::uint8_t* const in = image.data() + offset;
    const float* const average = mean.data() + offset;
    for (int x = 0; x < image_size; ++x) middle[x] = static_cast<float>(in[x]) - average[x];
    if (crop.flip) {
      for (int x = 0; x < image_size; ++x) out[x] = cropped[image_size - 1 - x];
    } else {
      std::copy_n(cropped, image_size, out);
    }
  }
}

void write_plain(std::span<const std::uint8_t, image_bytes> image, std::span<const float, image_bytes> mean,
                 std::span<float, image_bytes> output) {
  for (std::size_t k = 0; k < image_bytes; ++k) output[k] = static_cast<float>(image[k]) - mean[k];
}

}  // namespace revnet
