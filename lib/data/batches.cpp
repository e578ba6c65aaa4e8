#include "data/batches.h"

#include <string>

namespace revnet {
namespace {

std::vector<float> checked_mean(std::span<const float> mean) {
  if (mean.size() != cifar_bytes) {
    throw Error("the mean image has " + std::to_string(mean.size()) + " values, not 3072");
  }
  return {mean.begin(), mean.end()};
}

void check_buffers(std::span<const float> images, std::span<const std::int32_t> labels) {
  if (images.size() == labels.size() * cifar_bytes) return;
  throw Error("a batch of " + std::to_string(labels.size()) + " labels has room for " +
              std::to_string(images.size()) + " image values instead of 3072 for each image");
}

std::span<const float, cifar_bytes> fixed(const std::vector<float>& mean) {
  return std::span<const float>(mean).first<cifar_bytes>();
}

}  // namespace

TrainingBatches::TrainingBatches(const Dataset& set, std::span<const float> mean, std::uint64_t seed,
                                 Augmentation augmentation)
    : set_(set),
      mean_(checked_mean(mean)),
      seed_(seed),
      augmentation_(augmentation),
      order_(set.size(), seed) {
  check(augmentation_);
}

void TrainingBatches::fill(std::int64_t first_position, std::span<float> images,
                           std::span<std::int32_t> labels) {
  check_buffers(images, labels);
  for (std::size_t n = 0; n < labels.size(); ++n) {
    const auto [epoch, index] = order_.at(first_position + static_cast<std::int64_t>(n));
    const auto image = set_.image(index).first<cifar_bytes>();
    const auto output = images.subspan(n * cifar_bytes).first<cifar_bytes>();
    labels[n] = set_.labels[index];
    if (augmentation_.enabled) {
      const CropAndFlip crop = draw_crop_and_flip(augmentation_, seed_, epoch, index);
      write_augmented(image, fixed(mean_), augmentation_.padding, crop, output);
    } else {
      write_plain(image, fixed(mean_), output);
    }
  }
}

}  // namespace revnet
