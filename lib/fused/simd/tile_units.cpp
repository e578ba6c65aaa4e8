#include "kernels/tile_units.h"

#include <algorithm>

namespace revnet::kernels {

TileUnits::TileUnits(const Images& images, std::int64_t wanted_tiles) : images_(images) {
  const std::int64_t per_image = tile_rows() * tile_columns();
  if (per_image >= wanted_tiles) {
    unit_images_ = 1;
    unit_rows_ = std::clamp<std::int64_t>(wanted_tiles / tile_columns(), 1, tile_rows());
  } else {
    unit_images_ = std::min(images.count, (wanted_tiles + per_image - 1) / per_image);
    unit_rows_ = tile_rows();
  }
  images_groups_ = (images.count + unit_images_ - 1) / unit_images_;
  units_down_ = (tile_rows() + unit_rows_ - 1) / unit_rows_;
}

TileUnits::Unit TileUnits::unit(std::int64_t index) const {
  const std::int64_t first_image = index / units_down_ * unit_images_,
                     first_row = index % units_down_ * unit_rows_;
  return {first_image, std::min(unit_images_, images_.count - first_image), first_row,
          std::min(unit_rows_, tile_rows() - first_row)};
}

std::int64_t TileUnits::pixels_of(const Unit& unit) const {
  const std::int64_t rows = std::min(4 * (unit.first_row + unit.rows), images_.height) - 4 * unit.first_row;
  return unit.images * rows * images_.width;
}

}  // namespace revnet::kernels
