#include "fused/simd/tile_work.h"

#include <algorithm>

namespace revnet::simd {

TileWork::TileWork(const Images& images, std::int64_t wanted_tiles) : images_(images) {
  const std::int64_t per_image = tile_rows() * tile_columns();
  if (per_image >= wanted_tiles) {
    images_each_ = 1;
    rows_each_ = std::clamp<std::int64_t>(wanted_tiles / tile_columns(), 1, tile_rows());
  } else {
    images_each_ = std::min(images.count, (wanted_tiles + per_image - 1) / per_image);
    rows_each_ = tile_rows();
  }
  image_groups_ = (images.count + images_each_ - 1) / images_each_;
  blocks_down_ = (tile_rows() + rows_each_ - 1) / rows_each_;
}

TileWork::WorkBlock TileWork::at(std::int64_t index) const {
  const std::int64_t first_image = index / blocks_down_ * images_each_,
                     first_row = index % blocks_down_ * rows_each_;
  return {first_image, std::min(images_each_, images_.count - first_image), first_row,
          std::min(rows_each_, tile_rows() - first_row)};
}

std::int64_t TileWork::pixels_of(std::int64_t index) const {
  const WorkBlock work_block = at(index);
  const std::int64_t rows =
      std::min(4 * (work_block.first_row + work_block.rows), images_.height) - 4 * work_block.first_row;
  return work_block.images * rows * images_.width;
}

}  // namespace revnet::simd
