// A copy of the pixels that a work block of a direct convolution reads, pixel by pixel instead of in blocks
// of channels, with zeros outside of the images.
#pragma once

#include <cstdint>
#include <cstring>

#include "fused/simd/stencil.h"

namespace revnet::simd {

struct Patch {
  float* values;  // [images][rows][columns][channels]
  std::int64_t rows, columns, channels;
  std::int64_t stride, top, left;  // as in the stencil

  Patch(const Stencil& stencil, const AnchorWork& work, std::int64_t channels, float* values)
      : values(values), channels(channels), stride(stencil.stride), top(stencil.top), left(stencil.left) {
    rows = (work.largest().rows - 1) * stencil.stride + stencil.bottom - stencil.top + 1;
    columns = (stencil.anchors.width - 1) * stencil.stride + stencil.right - stencil.left + 1;
    reach_ = stencil.bottom - stencil.top;
    images_ = work.largest().images;
  }

  void clear() const { std::memset(values, 0, static_cast<std::size_t>(floats()) * sizeof(float)); }
  std::int64_t floats() const { return images_ * image_floats(); }
  std::int64_t row_floats() const { return columns * channels; }
  std::int64_t image_floats() const { return rows * row_floats(); }
  // Rows that so many rows of anchors read.
  std::int64_t rows_of(std::int64_t anchors) const { return (anchors - 1) * stride + reach_ + 1; }

  std::int64_t offset(std::int64_t image, std::int64_t row, std::int64_t column) const {
    return ((image * rows + row) * columns + column) * channels;
  }
  float* at(std::int64_t image, std::int64_t row, std::int64_t column) const {
    return values + offset(image, row, column);
  }
  // What the tap (0, 0) reads for an anchor.
  std::int64_t anchor_offset(std::int64_t image, std::int64_t row, std::int64_t column) const {
    return offset(image, row * stride - top, column * stride - left);
  }
  float* anchor(std::int64_t image, std::int64_t row, std::int64_t column) const {
    return values + anchor_offset(image, row, column);
  }
  // Floats from there to what another tap reads.
  std::int64_t offset(const Stencil::Tap& tap) const { return (tap.row * columns + tap.column) * channels; }

 private:
  std::int64_t reach_, images_;
};

}  // namespace revnet::simd
