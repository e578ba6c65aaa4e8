#include "reference/support.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/random.h"

namespace revnet {

std::vector<float> random_floats(std::int64_t count, std::uint32_t seed, double deviation, double mean) {
  RandomStream stream(seed, Purpose::synthetic_image, 0, 0);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& x : values) x = static_cast<float>(mean + deviation * stream.normal());
  return values;
}

naive::Values widen(std::span<const float> values) {
  return {values.begin(), values.end()};
}

Tensor filled(Device& device, const Layout& layout, std::span<const float> values) {
  Tensor tensor(device, layout, MemoryPurpose::temporaries);
  copy_from_plain(values, tensor);
  return tensor;
}

Tensor poisoned(Device& device, const Layout& layout) {
  return {device, layout, MemoryPurpose::temporaries};
}

double relative_error(std::span<const float> actual, const naive::Values& exact) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (actual.size() != exact.size()) return infinity;
  double worst = 0.0, squares = 0.0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double error = std::abs(actual[i] - exact[i]);
    if (!(error < infinity)) return infinity;
    worst = std::max(worst, error);
    squares += exact[i] * exact[i];
  }
  return worst / std::sqrt(squares / static_cast<double>(exact.size()));
}

bool padding_is_zero(const Tensor& tensor) {
  const ChannelBlocks blocks(tensor.layout());
  for (std::int64_t n = 0; n < blocks.images; ++n) {
    for (std::int64_t c = blocks.channels; c < blocks.blocks * blocks.block; ++c) {
      for (std::int64_t pixel = 0; pixel < blocks.pixels(); ++pixel) {
        if (tensor.data()[blocks.offset(n, c) + pixel * blocks.block] != 0.0f) return false;
      }
    }
  }
  return true;
}

bool all_nan(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float x) { return std::isnan(x); });
}

}  // namespace revnet
