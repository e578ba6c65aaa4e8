// The 4x4 tiles of Winograd F(4x4, 3x3): how images of them are cut into units of work, and how their
// transforms lie in memory.
#pragma once

#include <cstdint>

#include "kernels/operands.h"

namespace revnet::kernels {

inline constexpr std::int64_t points = 36;  // of the transformed tiles

// Floats from one point's matrix to the next. A line more than it fills: a tile's points would else fall on
// the same few sets of the cache.
inline std::int64_t point_stride(std::int64_t rows, std::int64_t columns) {
  return rows * columns + 16;
}

// Each unit is one or a few rows of tiles of an image, or a few whole images where they are small: by the
// images' shape alone, so that sums over units do not depend on the number of threads.
class TileUnits {
 public:
  // Units have about `wanted_tiles` tiles.
  TileUnits(const Images& images, std::int64_t wanted_tiles);

  struct Unit {
    std::int64_t first_image, images, first_row, rows;  // rows of tiles
  };

  const Images& images() const { return images_; }
  std::int64_t tile_columns() const { return (images_.width + 3) / 4; }
  std::int64_t tile_rows() const { return (images_.height + 3) / 4; }

  std::int64_t count() const { return images_groups_ * units_down_; }
  Unit unit(std::int64_t index) const;
  std::int64_t tiles_of(const Unit& unit) const { return unit.images * unit.rows * tile_columns(); }
  std::int64_t pixels_of(const Unit& unit) const;
  // The largest unit.
  Unit largest() const { return {0, unit_images_, 0, unit_rows_}; }

 private:
  Images images_;
  std::int64_t unit_images_, unit_rows_, images_groups_, units_down_;
};

}  // namespace revnet::kernels
