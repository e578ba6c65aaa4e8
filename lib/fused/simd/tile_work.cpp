#include "fused/simd/tile_work.h"

#include <algorithm>

namespace revnet::simd {

namespace {

RowBlocks cut(const Images& images, std::int64_t wanted) {
  const std::int64_t across = (images.width + 3) / 4, down = (images.height + 3) / 4;
  if (across * down >= wanted) {
    return {images.count, down, 1, std::clamp<std::int64_t>(wanted / across, 1, down)};
  }
  return {images.count, down, std::min(images.count, (wanted + across * down - 1) / (across * down)), down};
}

}  // namespace

TileWork::TileWork(const Images& images, std::int64_t wanted_tiles)
    : RowBlocks(cut(images, wanted_tiles)), images_(images) {}

std::int64_t TileWork::pixels_of(std::int64_t index) const {
  const WorkBlock work_block = at(index);
  const std::int64_t rows =
      std::min(4 * (work_block.first_row + work_block.rows), images_.height) - 4 * work_block.first_row;
  return work_block.images * rows * images_.width;
}

}  // namespace revnet::simd
