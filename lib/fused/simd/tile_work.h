// The 4x4 tiles of Winograd F(4x4, 3x3): how images are cut into work blocks of tiles, and how the
// transformed tiles lie in memory.
#pragma once

#include <cstdint>

#include "fused/simd/operands.h"
#include "fused/simd/row_blocks.h"

namespace revnet::simd {

inline constexpr std::int64_t points = 36;       // of a transformed tile
inline constexpr std::int64_t pair_points = 12;  // of two of its rows, which are computed together
inline constexpr std::int64_t kept_points = 16;  // stored of the first two pairs until the third is computed

// Floats from one point's matrix of tiles, of filters or of their gradient to the next. The gap of one cache
// line keeps the points of a tile or a filter from falling into the same few sets of the cache.
inline std::int64_t point_stride(std::int64_t rows, std::int64_t columns) {
  return rows * columns + 16;
}

// The rows to which the matrices of so many tiles are padded on any instruction set: a multiple of the
// largest product_rows (lanes-inl.h).
inline constexpr std::int64_t most_product_rows = 8;
inline std::int64_t most_padded_tiles(std::int64_t tiles) {
  return (tiles + most_product_rows - 1) / most_product_rows * most_product_rows;
}

// Work blocks of one or a few rows of tiles, or of several whole images where these are small.
class TileWork : public RowBlocks {
 public:
  // Makes work blocks of about `wanted_tiles` tiles.
  TileWork(const Images& images, std::int64_t wanted_tiles);

  const Images& images() const { return images_; }
  std::int64_t tile_columns() const { return (images_.width + 3) / 4; }
  std::int64_t tile_rows() const { return (images_.height + 3) / 4; }
  std::int64_t tiles_of(const WorkBlock& what) const { return what.images * what.rows * tile_columns(); }
  std::int64_t pixels_of(std::int64_t index) const;

  // The pixels that a work block's tiles cover, with a border of one pixel on every side.
  std::int64_t strip_rows() const { return 4 * largest().rows + 2; }
  std::int64_t strip_columns() const { return 4 * tile_columns() + 2; }
  std::int64_t strip_floats(std::int64_t channels) const {
    return largest().images * strip_rows() * strip_columns() * channels;
  }

 private:
  Images images_;
};

}  // namespace revnet::simd
