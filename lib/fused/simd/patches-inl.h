// Patches of images copied out of their blocks of channels, and products with them, a tap of a filter at a
// time.
#if defined(REVNET_SIMD_PATCHES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef REVNET_SIMD_PATCHES_INL_H_
#undef REVNET_SIMD_PATCHES_INL_H_
#else
#define REVNET_SIMD_PATCHES_INL_H_
#endif

#include <cstring>
#include <span>

#include "fused/simd/memory-inl.h"
#include "fused/simd/patch.h"
#include "fused/simd/product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace revnet::simd::HWY_NAMESPACE {

// Fills a patch with what a work block's taps read. Pixels outside of the images are zero: rows are cleared
// here, columns have been by Patch::clear().
template <class D>
void fill(D d, const Patch& patch, const Stencil& stencil, const AnchorWork::WorkBlock& work_block,
          const Source& source) {
  const Images& from = stencil.from;
  const std::int64_t width = (from.width + stencil.skip - 1) / stencil.skip;  // pixels that may be read
  const std::int64_t count = std::min(width, patch.columns + stencil.left);
  for (std::int64_t image = 0; image < work_block.images; ++image) {
    for (std::int64_t row = 0; row < patch.rows_of(work_block.rows); ++row) {
      const std::int64_t y = (work_block.first_row * stencil.stride + stencil.top + row) * stencil.skip;
      float* const to = patch.at(image, row, 0) - stencil.left * patch.channels;
      if (y < 0 || y >= from.height) {
        std::memset(to, 0, static_cast<std::size_t>(count * patch.channels) * sizeof(float));
        continue;
      }
      for (std::int64_t c = 0; c < patch.channels; c += width_of<D>) {
        const std::int64_t at =
            from.offset(patch.channels, work_block.first_image + image, c) + y * from.width * from.block;
        read_pixels(d, source, at, stencil.skip * from.block, c, count, to + c, patch.channels);
      }
    }
  }
}

// Multiplies the pixels that some taps read for `rows` results with a panel of the weights,
// [taps][depth][vectors], and hands each result on: emit(vector, result, value). at: where in the patch the
// results' anchors are.
template <int rows, int vectors, class D, class Emit>
HWY_INLINE void multiply_taps(D d, const float* patch, const std::int64_t* at,
                              std::span<const std::int64_t> taps, std::int64_t depth,
                              const float* HWY_RESTRICT panel, const Emit& emit) {
  constexpr std::int64_t lanes = width_of<D>;
  hn::Vec<D> sum[rows][vectors];
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) sum[r][v] = hn::Zero(d);
  }
  for (const std::int64_t tap : taps) {
    const float* HWY_RESTRICT a[rows];
    for (int r = 0; r < rows; ++r) a[r] = patch + at[r] + tap;
    HWY_UNROLL(8)
    for (std::int64_t k = 0; k < depth; ++k, panel += vectors * lanes) {
      hn::Vec<D> row[vectors];
      for (int v = 0; v < vectors; ++v) row[v] = hn::Load(d, panel + v * lanes);
      for (int r = 0; r < rows; ++r) {
        const auto factor = hn::Set(d, a[r][k]);
        for (int v = 0; v < vectors; ++v) sum[r][v] = hn::MulAdd(factor, row[v], sum[r][v]);
      }
    }
  }
  // By way of memory: emit is too long to be unrolled, and an array that is indexed does not stay in
  // registers.
  HWY_ALIGN float results[rows * vectors * lanes];
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) hn::Store(sum[r][v], d, results + (r * vectors + v) * lanes);
  }
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) emit(v, r, hn::Load(d, results + (r * vectors + v) * lanes));
  }
}

// One side of a product that is summed over pixels: the first pixel, and floats from one image, row and pixel
// to the next.
struct PixelGrid {
  const float* first;
  std::int64_t image, row, pixel;
};

// c[i][j] += the sum of a[i] b[j] over all pixels of a work block, for `channels` channels of a and `vectors`
// vectors of channels of b.
template <int channels, int vectors, class D>
HWY_INLINE void accumulate_grid(D d, const PixelGrid& a, const PixelGrid& b,
                                const AnchorWork::WorkBlock& work_block, std::int64_t width,
                                float* HWY_RESTRICT c, std::int64_t c_stride) {
  constexpr std::int64_t lanes = width_of<D>;
  hn::Vec<D> sum[channels][vectors];
  for (int i = 0; i < channels; ++i) {
    for (int v = 0; v < vectors; ++v) sum[i][v] = hn::Load(d, c + i * c_stride + v * lanes);
  }
  for (std::int64_t image = 0; image < work_block.images; ++image) {
    for (std::int64_t y = 0; y < work_block.rows; ++y) {
      const float* HWY_RESTRICT from = a.first + image * a.image + y * a.row;
      const float* HWY_RESTRICT with = b.first + image * b.image + y * b.row;
      HWY_UNROLL(4)
      for (std::int64_t x = 0; x < width; ++x) {
        hn::Vec<D> row[vectors];
        for (int v = 0; v < vectors; ++v) row[v] = hn::Load(d, with + x * b.pixel + v * lanes);
        for (int i = 0; i < channels; ++i) {
          const auto factor = hn::Set(d, from[x * a.pixel + i]);
          for (int v = 0; v < vectors; ++v) sum[i][v] = hn::MulAdd(factor, row[v], sum[i][v]);
        }
      }
    }
  }
  for (int i = 0; i < channels; ++i) {
    for (int v = 0; v < vectors; ++v) hn::Store(sum[i][v], d, c + i * c_stride + v * lanes);
  }
}

// Every skip-th of the rows [first, end) of a work block's images at values (null: nothing), in so many
// calls.
inline Prefetcher prefetch_rows(const Images& images, std::int64_t channels, const float* values,
                                const AnchorWork::WorkBlock& work_block, std::int64_t first, std::int64_t end,
                                std::int64_t skip, std::int64_t calls) {
  const std::int64_t top = std::max<std::int64_t>(first, 0), bottom = std::min(end, images.height);
  if (values == nullptr || top >= bottom) return {};
  const std::int64_t row = images.width * images.block;
  return {values + images.offset(channels, work_block.first_image, 0) + top * row,
          {work_block.images * (channels / images.block), images.height * row},
          {(bottom - top + skip - 1) / skip, skip * row},
          row,
          calls};
}

// What a work block's taps read, and where its results go.
inline Prefetcher prefetch_source(const Stencil& stencil, std::int64_t channels, const float* values,
                                  const AnchorWork::WorkBlock& work_block, std::int64_t calls) {
  const std::int64_t first = work_block.first_row * stencil.stride + stencil.top,
                     last = (work_block.first_row + work_block.rows - 1) * stencil.stride + stencil.bottom;
  return prefetch_rows(stencil.from, channels, values, work_block, first * stencil.skip,
                       last * stencil.skip + 1, stencil.skip, calls);
}
inline Prefetcher prefetch_results(const Stencil& stencil, std::int64_t channels, const float* values,
                                   const AnchorWork::WorkBlock& work_block, std::int64_t calls) {
  return prefetch_rows(stencil.to, channels, values, work_block, work_block.first_row * stencil.step,
                       (work_block.first_row + work_block.rows) * stencil.step, 1, calls);
}

}  // namespace revnet::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
