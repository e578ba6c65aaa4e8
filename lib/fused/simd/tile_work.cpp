#include "fused/simd/tile_work.h"

#include <algorithm>

namespace revnet::simd {

TileWork::TileWork(const Images& images, std::int64_t wanted_tiles)
    : RowBlocks(images.count, (images.height + 3) / 4, (images.width + 3) / 4, wanted_tiles,
                // Images together make up the wanted tiles or a few more.
                (wanted_tiles - 1) / ((images.height + 3) / 4 * ((images.width + 3) / 4)) + 1),
      images_(images) {}

std::int64_t TileWork::pixels_of(std::int64_t index) const {
  const WorkBlock work_block = at(index);
  const std::int64_t rows =
      std::min(4 * (work_block.first_row + work_block.rows), images_.height) - 4 * work_block.first_row;
  return work_block.images * rows * images_.width;
}

}  // namespace revnet::simd
