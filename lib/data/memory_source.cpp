#include "data/memory_source.h"

#include <algorithm>
#include <utility>

#include "data/mean_image.h"

namespace revnet {

MemorySource::MemorySource(Splits splits, std::uint64_t seed, Augmentation augmentation)
    : splits_(std::move(splits)),
      mean_(mean_image(splits_.train)),
      training_(splits_.train, mean_, seed, augmentation) {}

void MemorySource::fill_training(std::int64_t first, std::int64_t, std::span<float> images,
                                 std::span<std::int32_t> labels) {
  training_.fill(first, images, labels);
}

std::size_t MemorySource::fill_evaluation(std::size_t first, std::size_t end, std::span<float> images,
                                          std::span<std::int32_t> labels) {
  const std::size_t all = splits_.test.size(), used = evaluation_size();
  end = std::min(end, used);
  const std::size_t real = std::min(labels.size(), end - std::min(first, end));
  for (std::size_t n = 0; n < real; ++n) {
    const std::size_t image = spread(first + n, used, all);
    labels[n] = splits_.test.labels[image];
    write_plain(splits_.test.image(image).first<cifar_bytes>(),
                std::span<const float>(mean_).first<cifar_bytes>(),
                images.subspan(n * cifar_bytes).first<cifar_bytes>());
  }
  std::ranges::fill(labels.subspan(real), 0);
  return real;
}

}  // namespace revnet
