#include "fused/simd/arithmetic.h"

#include "fused/simd/tile_work.h"

namespace revnet::simd {
namespace {

// Instructions of one-dimensional transforms in transforms-inl.h.
constexpr double overlapping = 12, separate = 8, output = 10, filter = 12, filter_gradient = 13;

}  // namespace

Arithmetic winograd_arithmetic(const Images& images, std::int64_t in, std::int64_t out) {
  const TileWork work(images, 1);
  const auto rows = static_cast<double>(images.count * work.tile_rows()),
             across = static_cast<double>(work.tile_columns()), tiles = rows * across;
  const auto inputs = static_cast<double>(in), outputs = static_cast<double>(out), filters = inputs * outputs;
  // Of each channel. Overlapping tiles share two of their six columns with the next tile. What is read is
  // transformed by columns first, what is written by rows first.
  const double read_overlapping = rows * (4 * across + 2) * overlapping + tiles * 6 * overlapping,
               read_separate = tiles * (4 + 6) * separate, written = tiles * (6 + 4) * output;
  const double products = static_cast<double>(points) * tiles * filters;
  const double filters_read = filters * (3 + 6) * filter,
               filters_written = filters * (6 + 3) * filter_gradient;
  return {.forward = products + read_overlapping * inputs + written * outputs + filters_read,
          .backward = 2 * products + read_overlapping * outputs + (read_separate + written) * inputs +
                      filters_read + filters_written};
}

Arithmetic product_arithmetic(const Images& results, std::int64_t taps, std::int64_t in, std::int64_t out) {
  const auto once = static_cast<double>(results.count * results.pixels() * taps * in * out);
  return {.forward = once, .backward = 2 * once};
}

}  // namespace revnet::simd
