#include "data/mean_image.h"

#include <array>

namespace revnet {

std::vector<float> mean_image(const Dataset& set) {
  if (set.size() == 0) throw Error("no mean image: the set " + set.name + " has no images");
  std::array<double, cifar_bytes> sums{};
  for (std::size_t i = 0; i < set.size(); ++i) {
    const std::span<const std::uint8_t> image = set.image(i);
    for (std::size_t k = 0; k < cifar_bytes; ++k) sums[k] += image[k];
  }
  std::vector<float> mean(cifar_bytes);
  const auto count = static_cast<double>(set.size());
  for (std::size_t k = 0; k < cifar_bytes; ++k) mean[k] = static_cast<float>(sums[k] / count);
  return mean;
}

}  // namespace revnet
