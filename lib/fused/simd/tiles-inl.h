// Reads tiles of Winograd convolutions, transforms them, transforms their products back, and prefetches.
#if defined(REVNET_SIMD_TILES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef REVNET_SIMD_TILES_INL_H_
#undef REVNET_SIMD_TILES_INL_H_
#else
#define REVNET_SIMD_TILES_INL_H_
#endif

#include <algorithm>
#include <cstring>

#include "fused/simd/memory-inl.h"
#include "fused/simd/tile_work.h"
#include "fused/simd/transforms-inl.h"

HWY_BEFORE_NAMESPACE();
namespace revnet::simd::HWY_NAMESPACE {

static_assert(most_product_rows % product_rows == 0);

// The number of rows in the matrices of so many tiles: those after the last tile are zero.
inline std::int64_t padded_tiles(std::int64_t tiles) {
  return (tiles + product_rows - 1) / product_rows * product_rows;
}

// Calls f(pair) for each pair of rows of a transform. The last pair completes the tiles.
template <class F>
HWY_INLINE void for_pairs(const F& f) {
  f(Constant<0>());
  f(Constant<1>());
  f(Constant<2>());
}

// Rows of images, copied out of the blocked layout, with a border of one pixel around the tiles. Pixels
// outside the image are zero. The place of a row depends only on its y, so a work block finds the rows that
// it shares with the work block above it where that one left them.
struct Strip {
  float* values;  // [images][rows][columns][channels]
  std::int64_t rows, columns, channels;

  Strip(const TileWork& work, std::int64_t channels, float* values)
      : values(values), rows(work.strip_rows()), columns(work.strip_columns()), channels(channels) {
    std::memset(values, 0, static_cast<std::size_t>(work.strip_floats(channels)) * sizeof(float));
  }

  // `y` counts from the top of the image; -1 is the border above it.
  float* row(std::int64_t image, std::int64_t y) const {
    return values + (image * rows + (y + 1) % rows) * columns * channels;
  }
};

// Reads the pixels of a work block. `follows` means that the strip was last filled for the work block above,
// so that the rows which both share need not be read again.
template <class D>
void fill(D d, const Strip& strip, const TileWork::WorkBlock& work_block, bool follows, const Images& images,
          const Source& source) {
  constexpr std::int64_t lanes = width_of<D>;
  const std::int64_t channels = strip.channels, block = images.block;
  const std::int64_t first = 4 * work_block.first_row + (follows ? 1 : -1),
                     end = 4 * (work_block.first_row + work_block.rows) + 1;
  for (std::int64_t image = 0; image < work_block.images; ++image) {
    for (std::int64_t y = first; y < end; ++y) {
      float* to = strip.row(image, y) + channels;
      if (y < 0 || y >= images.height) {
        std::memset(to, 0, static_cast<std::size_t>(images.width * channels) * sizeof(float));
        continue;
      }
      for (std::int64_t c = 0; c < channels; c += lanes) {
        const std::int64_t plane = images.offset(channels, work_block.first_image + image, c);
        read_pixels(d, source, plane + y * images.width * block, block, c, images.width, to + c, channels);
      }
    }
  }
}

// Completes and writes two rows of a tile whose columns are transformed. Points lie `stride` floats apart.
template <int from, class D, class Transform>
HWY_INLINE void store_pair(D d, const hn::Vec<D> (&first)[from], const hn::Vec<D> (&second)[from],
                           const Transform& transform, std::int64_t stride, float* HWY_RESTRICT to) {
  hn::Vec<D> row[6];
  transform(d, first, row);
  for (int j = 0; j < 6; ++j) hn::Store(row[j], d, to + j * stride);
  transform(d, second, row);
  for (int j = 0; j < 6; ++j) hn::Store(row[j], d, to + (6 + j) * stride);
}

// Computes two rows of B^T d B for the tiles of a work block with their border, as [12][tiles][channels],
// point_stride apart. Neighbouring tiles overlap by two columns, which are transformed once.
template <int pair, class D>
void transform_overlapping_tiles(D d, const Strip& strip, const TileWork::WorkBlock& work_block,
                                 std::int64_t tiles, float* HWY_RESTRICT to) {
  const std::int64_t channels = strip.channels, across = (strip.columns - 2) / 4;
  const auto transform = [](D tag, const auto& x, auto& r) HWY_ATTR { transform_overlapping(tag, x, r); };
  std::int64_t tile = 0;
  for (std::int64_t image = 0; image < work_block.images; ++image) {
    for (std::int64_t ty = work_block.first_row; ty < work_block.first_row + work_block.rows; ++ty) {
      for (std::int64_t c = 0; c < channels; c += width_of<D>) {
        const float* rows[6];
        for (int i = 0; i < 6; ++i) rows[i] = strip.row(image, 4 * ty + i - 1) + c;
        hn::Vec<D> first[6], second[6];
        const auto transform_column = [&](int j, std::int64_t x) HWY_ATTR {
          hn::Vec<D> in[6];
          for (int i = 0; i < 6; ++i) in[i] = hn::Load(d, rows[i] + x * channels);
          transform_overlapping_pair<pair>(d, in, first[j], second[j]);
        };
        for (int j = 4; j < 6; ++j) transform_column(j, j - 4);
        for (std::int64_t tx = 0; tx < across; ++tx) {
          for (int j = 0; j < 2; ++j) {
            first[j] = first[j + 4];
            second[j] = second[j + 4];
          }
          for (int j = 2; j < 6; ++j) transform_column(j, 4 * tx + j);
          store_pair<6>(d, first, second, transform, point_stride(tiles, channels),
                        to + (tile + tx) * channels + c);
        }
      }
      tile += across;
    }
  }
}

// Computes two rows of A y A^T for the tiles of a work block, without their border.
template <int pair, class D>
void transform_separate_tiles(D d, const Strip& strip, const TileWork::WorkBlock& work_block,
                              std::int64_t tiles, float* HWY_RESTRICT to) {
  const std::int64_t channels = strip.channels, across = (strip.columns - 2) / 4;
  const auto transform = [](D tag, const auto& y, auto& r) HWY_ATTR { transform_separate(tag, y, r); };
  std::int64_t tile = 0;
  for (std::int64_t image = 0; image < work_block.images; ++image) {
    for (std::int64_t ty = work_block.first_row; ty < work_block.first_row + work_block.rows; ++ty) {
      for (std::int64_t c = 0; c < channels; c += width_of<D>) {
        const float* rows[4];
        for (int i = 0; i < 4; ++i) rows[i] = strip.row(image, 4 * ty + i) + channels + c;
        for (std::int64_t tx = 0; tx < across; ++tx) {
          hn::Vec<D> first[4], second[4];
          for (int j = 0; j < 4; ++j) {
            hn::Vec<D> in[4];
            for (int i = 0; i < 4; ++i) in[i] = hn::Load(d, rows[i] + (4 * tx + j) * channels);
            transform_separate_pair<pair>(d, in, first[j], second[j]);
          }
          store_pair<4>(d, first, second, transform, point_stride(tiles, channels),
                        to + (tile + tx) * channels + c);
        }
      }
      tile += across;
    }
  }
}

// Reads two rows of products m from [12][tiles][channels], point_stride apart, and transforms them to m A.
template <class D>
HWY_INLINE void load_pair(D d, const float* HWY_RESTRICT from, std::int64_t stride, hn::Vec<D> (&first)[4],
                          hn::Vec<D> (&second)[4]) {
  hn::Vec<D> in[6];
  for (int j = 0; j < 6; ++j) in[j] = hn::Load(d, from + j * stride);
  transform_output(d, in, first);
  for (int j = 0; j < 6; ++j) in[j] = hn::Load(d, from + (6 + j) * stride);
  transform_output(d, in, second);
}

// Stores what write_tiles needs of the first two pairs: the sums and differences of rows of m A that
// output_row takes, as [tile][channels / lanes][pair][sum, difference][4][lanes].
template <int pair, class D>
void keep_pair(D d, std::int64_t count, std::int64_t channels, std::int64_t tiles,
               const float* HWY_RESTRICT products, float* HWY_RESTRICT kept) {
  constexpr std::int64_t lanes = width_of<D>;
  kept += pair * (kept_points / 2) * lanes;
  for (std::int64_t at = 0; at < count * channels; at += lanes, kept += kept_points * lanes) {
    hn::Vec<D> first[4], second[4];
    load_pair(d, products + at, point_stride(tiles, channels), first, second);
    for (int j = 0; j < 4; ++j) {
      hn::Store(hn::Add(first[j], second[j]), d, kept + j * lanes);
      hn::Store(hn::Sub(first[j], second[j]), d, kept + (4 + j) * lanes);
    }
  }
}

// Computes the 4x4 results of a work block's tiles from the products of the last pair and from what keep_pair
// stored of the others, and writes them through the sink.
template <Sink::Form form, class D>
void write_tiles(D d, const Sink& sink, const TileWork& work, std::int64_t index, std::int64_t channels,
                 std::int64_t tiles, const float* HWY_RESTRICT products, const float* HWY_RESTRICT kept) {
  constexpr std::int64_t lanes = width_of<D>;
  const Images& images = work.images();
  const TileWork::WorkBlock work_block = work.at(index);
  const std::int64_t block = images.block;
  for (std::int64_t c = 0; c < channels; c += lanes) {
    Writer<form, D> writer(d, sink, c);
    std::int64_t tile = 0;
    for (std::int64_t image = work_block.first_image; image < work_block.first_image + work_block.images;
         ++image) {
      const std::int64_t plane = images.offset(channels, image, c);
      for (std::int64_t ty = work_block.first_row; ty < work_block.first_row + work_block.rows; ++ty) {
        for (std::int64_t tx = 0; tx < work.tile_columns(); ++tx, ++tile) {
          const std::int64_t high = std::min<std::int64_t>(4, images.height - 4 * ty),
                             wide = std::min<std::int64_t>(4, images.width - 4 * tx);
          const float* HWY_RESTRICT rest = kept + (tile * channels + c) * kept_points;
          hn::Vec<D> top[4], bottom[4];
          load_pair(d, products + tile * channels + c, point_stride(tiles, channels), top, bottom);
          const auto write_row = [&](auto i) HWY_ATTR {
            if (i >= high) return;
            const std::int64_t at = plane + ((4 * ty + i) * images.width + 4 * tx) * block;
            for (int j = 0; j < 4; ++j) {
              if (j >= wide) return;
              const auto kept_of = [&](int which)
                                       HWY_ATTR { return hn::Load(d, rest + (which * 4 + j) * lanes); };
              writer.write(
                  d, output_row<i>(d, top[j], kept_of(0), kept_of(1), kept_of(2), kept_of(3), bottom[j]),
                  at + j * block);
            }
          };
          write_row(Constant<0>());
          write_row(Constant<1>());
          write_row(Constant<2>());
          write_row(Constant<3>());
        }
      }
    }
    writer.finish(d, index, c, channels);
  }
}

// Prefetches rows [first, end) of a work block's images, all channels, within as many calls as there are
// points. A tile's few pixels are too scattered for the hardware prefetcher.
inline Prefetcher prefetch_between(const TileWork& work, const TileWork::WorkBlock& work_block,
                                   std::int64_t first, std::int64_t end, std::int64_t channels,
                                   const float* values) {
  if (values == nullptr) return {};
  const Images& images = work.images();
  const std::int64_t row = images.width * images.block, plane = images.height * row;
  return {values + images.offset(channels, work_block.first_image, 0) + first * row,
          {work_block.images * (channels / images.block), plane},
          {1, 0},
          (std::min(end, images.height) - first) * row,
          points};
}

// Prefetches the rows that a work block's tiles cover.
inline Prefetcher prefetch_rows(const TileWork& work, const TileWork::WorkBlock& work_block,
                                std::int64_t channels, const float* values) {
  return prefetch_between(work, work_block, 4 * work_block.first_row,
                          4 * (work_block.first_row + work_block.rows), channels, values);
}
// Prefetches the rows of a work block's strip that the work block above has not read.
inline Prefetcher prefetch_strip(const TileWork& work, const TileWork::WorkBlock& work_block,
                                 std::int64_t channels, const float* values) {
  const std::int64_t first = 4 * work_block.first_row + (work_block.first_row > 0 ? 1 : 0);
  return prefetch_between(work, work_block, first, 4 * (work_block.first_row + work_block.rows) + 1, channels,
                          values);
}

}  // namespace revnet::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
