#include "data/cifar_files.h"

namespace revnet {

std::uint8_t expected_byte(std::size_t r, std::size_t k) {
  return static_cast<std::uint8_t>((r * 37 + k * 11 + k / 1024 * 5) % 251);
}

std::uint8_t expected_label(std::size_t r, int classes) {
  return static_cast<std::uint8_t>((r * 7 + 3) % static_cast<std::size_t>(classes));
}

std::string cifar_records(std::size_t count, int classes, int coarse_classes) {
  std::string bytes;
  bytes.reserve(count * 3074);
  for (std::size_t r = 0; r < count; ++r) {
    if (coarse_classes > 0) bytes.push_back(static_cast<char>(expected_label(r, coarse_classes)));
    bytes.push_back(static_cast<char>(expected_label(r, classes)));
    for (std::size_t k = 0; k < 3072; ++k) bytes.push_back(static_cast<char>(expected_byte(r, k)));
  }
  return bytes;
}

}  // namespace revnet
