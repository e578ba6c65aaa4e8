#include "fused/simd/stencil.h"

#include <algorithm>

namespace revnet::simd {
namespace {

std::int64_t strided(std::int64_t size, std::int64_t stride) {
  return (size + stride - 1) / stride;
}

// The least padding that gives ceil(size / stride) results; an odd pixel comes after the image.
std::int64_t padding_before(const DirectShape& shape, std::int64_t size) {
  const std::int64_t all = (strided(size, shape.stride) - 1) * shape.stride + shape.kernel - size;
  return std::max<std::int64_t>(all, 0) / 2;
}

void measure_reach(Stencil& stencil) {
  for (const Stencil::Phase& phase : stencil.phases) {
    for (const Stencil::Tap& tap : phase.taps) {
      stencil.top = std::min(stencil.top, tap.row);
      stencil.bottom = std::max(stencil.bottom, tap.row);
      stencil.left = std::min(stencil.left, tap.column);
      stencil.right = std::max(stencil.right, tap.column);
    }
  }
}

}  // namespace

Images DirectShape::results() const {
  return {images.count, strided(images.height, stride), strided(images.width, stride), images.block};
}

Stencil forward_stencil(const DirectShape& shape) {
  const Images results = shape.results();
  const std::int64_t skip = shape.kernel == 1 ? shape.stride : 1;
  const std::int64_t above = padding_before(shape, shape.images.height),
                     before = padding_before(shape, shape.images.width);
  Stencil stencil{.anchors = results,
                  .from = shape.images,
                  .to = results,
                  .skip = skip,
                  .stride = shape.stride / skip,
                  .step = 1};
  Stencil::Phase all{};
  for (std::int64_t i = 0; i < shape.kernel; ++i) {
    for (std::int64_t j = 0; j < shape.kernel; ++j) {
      all.taps.push_back({i - above, j - before, i * shape.kernel + j});
    }
  }
  stencil.phases.push_back(std::move(all));
  measure_reach(stencil);
  return stencil;
}

Stencil backward_stencil(const DirectShape& shape) {
  const Images results = shape.results();
  const std::int64_t above = padding_before(shape, shape.images.height),
                     before = padding_before(shape, shape.images.width);
  Stencil stencil{
      .anchors = results, .from = results, .to = shape.images, .skip = 1, .stride = 1, .step = shape.stride};
  for (std::int64_t row = 0; row < shape.stride; ++row) {
    for (std::int64_t column = 0; column < shape.stride; ++column) {
      Stencil::Phase phase{row, column, {}};
      for (std::int64_t i = 0; i < shape.kernel; ++i) {
        for (std::int64_t j = 0; j < shape.kernel; ++j) {
          const std::int64_t down = row + above - i, across = column + before - j;
          if (down % shape.stride != 0 || across % shape.stride != 0) continue;
          phase.taps.push_back({down / shape.stride, across / shape.stride, i * shape.kernel + j});
        }
      }
      stencil.phases.push_back(std::move(phase));
    }
  }
  measure_reach(stencil);
  return stencil;
}

AnchorWork::AnchorWork(const Images& anchors, std::int64_t wanted)
    : RowBlocks(anchors.count, anchors.height, anchors.width, wanted, wanted / anchors.pixels()),
      anchors_(anchors) {}

std::int64_t AnchorWork::pixels_of(std::int64_t index) const {
  const WorkBlock work_block = at(index);
  return work_block.images * work_block.rows * anchors_.width;
}

}  // namespace revnet::simd
