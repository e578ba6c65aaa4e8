#include "data/contact_sheet.h"

#include <algorithm>
#include <cmath>

namespace revnet {
namespace {

constexpr std::size_t gap = 2;  // pixels

}  // namespace

std::size_t contact_sheet_columns(std::size_t count) {
  std::size_t columns = 1;
  while (columns * columns < count) ++columns;
  return columns;
}

Pixels contact_sheet(std::span<const float> images, std::size_t count, int size,
                     const std::array<ShownValues, 3>& shown) {
  const std::size_t columns = contact_sheet_columns(count), rows = (count + columns - 1) / columns;
  const auto side = static_cast<std::size_t>(size), plane = side * side;
  const std::size_t width = columns * (side + gap) - gap, height = rows * (side + gap) - gap;
  Pixels sheet{{static_cast<int>(width), static_cast<int>(height)}, {}};
  sheet.rgb.assign(3 * width * height, 255);
  for (std::size_t n = 0; n < count; ++n) {
    const std::size_t top = n / columns * (side + gap), left = n % columns * (side + gap);
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t i = 0; i < plane; ++i) {
        const float value = shown[c].scale * images[(3 * n + c) * plane + i] + shown[c].shift;
        const std::size_t pixel = (top + i / side) * width + left + i % side;
        sheet.rgb[3 * pixel + c] = static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0f, 255.0f)));
      }
    }
  }
  return sheet;
}

}  // namespace revnet
