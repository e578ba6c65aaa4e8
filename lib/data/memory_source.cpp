#include "data/memory_source.h"

#include <algorithm>
#include <utility>

#include "data/mean_image.h"

namespace revnet {

MemorySource::MemorySource(Splits splits, std::uint64_t seed, Augmentation augmentation)
    : splits_(std::move(splits)),
      mean_(mean_image(splits_.train)),
      training_(splits_.train, mean_, seed, augmentation),
      evaluation_(splits_.test, mean_) {}

void MemorySource::fill_training(std::int64_t first, std::int64_t, std::span<float> images,
                                 std::span<std::int32_t> labels) {
  training_.fill(first, images, labels);
}

std::size_t MemorySource::fill_evaluation(std::size_t first, std::size_t end, std::span<float> images,
                                          std::span<std::int32_t> labels) {
  return std::min(evaluation_.fill(first, images, labels), end - std::min(first, end));
}

}  // namespace revnet
