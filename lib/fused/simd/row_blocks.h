// Cuts images into work blocks: some rows of one image, or a few whole images where they are small. Rows are
// those of anchors (stencil.h) or of tiles (tile_work.h).
#pragma once

#include <algorithm>
#include <cstdint>

namespace revnet::simd {

class RowBlocks {
 public:
  struct WorkBlock {
    std::int64_t first_image, images, first_row, rows;
  };

  // Makes work blocks of about `wanted` anchors or tiles, of which a row has `across`: of some rows of one
  // image or, where an image has fewer, of up to `together` whole images.
  RowBlocks(std::int64_t images, std::int64_t rows, std::int64_t across, std::int64_t wanted,
            std::int64_t together)
      : images_(images), rows_(rows) {
    const bool cuts = rows * across >= wanted;
    images_each_ = cuts ? 1 : std::min(images, together);
    rows_each_ = cuts ? std::clamp<std::int64_t>(wanted / across, 1, rows) : rows;
    blocks_down_ = (rows + rows_each_ - 1) / rows_each_;
  }

  std::int64_t count() const { return (images_ + images_each_ - 1) / images_each_ * blocks_down_; }
  WorkBlock at(std::int64_t index) const {
    const std::int64_t first_image = index / blocks_down_ * images_each_,
                       first_row = index % blocks_down_ * rows_each_;
    return {first_image, std::min(images_each_, images_ - first_image), first_row,
            std::min(rows_each_, rows_ - first_row)};
  }
  WorkBlock largest() const { return {0, images_each_, 0, rows_each_}; }

 private:
  std::int64_t images_, rows_;
  std::int64_t images_each_, rows_each_;  // of a work block, at most
  std::int64_t blocks_down_;              // work blocks in an image
};

}  // namespace revnet::simd
