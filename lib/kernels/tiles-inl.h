// Tiles of Winograd convolutions: out of memory, into the transformed domain, and what to fetch ahead.
#if defined(REVNET_KERNELS_TILES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef REVNET_KERNELS_TILES_INL_H_
#undef REVNET_KERNELS_TILES_INL_H_
#else
#define REVNET_KERNELS_TILES_INL_H_
#endif

#include <algorithm>
#include <cstring>

#include "kernels/memory-inl.h"
#include "kernels/tile_units.h"

HWY_BEFORE_NAMESPACE();
namespace revnet::kernels::HWY_NAMESPACE {

// Rows of images copied out of their blocks, `halo` pixels wider than their tiles on every side; zeros
// outside of the image.
struct Strip {
  float* values;  // [images][rows][columns][channels]
  std::int64_t halo, rows, columns, channels;

  Strip(const TileUnits& units, const TileUnits::Unit& unit, std::int64_t halo, std::int64_t channels,
        float* values)
      : values(values),
        halo(halo),
        rows(4 * unit.rows + 2 * halo),
        columns(4 * units.tile_columns() + 2 * halo),
        channels(channels) {}

  float* row(std::int64_t image, std::int64_t row) const {
    return values + (image * rows + row) * columns * channels;
  }
};

template <class D>
void fill(D d, const Strip& strip, const TileUnits::Unit& unit, const Images& images, const Source& source) {
  constexpr std::int64_t lanes = width_of<D>;
  const std::int64_t channels = strip.channels, block = images.block;
  const auto zero = [&](float* at, std::int64_t pixels) {
    std::memset(at, 0, static_cast<std::size_t>(pixels * channels) * sizeof(float));
  };
  for (std::int64_t image = 0; image < unit.images; ++image) {
    for (std::int64_t row = 0; row < strip.rows; ++row) {
      float* to = strip.row(image, row);
      const std::int64_t y = 4 * unit.first_row + row - strip.halo;
      if (y < 0 || y >= images.height) {
        zero(to, strip.columns);
        continue;
      }
      zero(to, strip.halo);
      zero(to + (strip.halo + images.width) * channels, strip.columns - strip.halo - images.width);
      for (std::int64_t c = 0; c < channels; c += lanes) {
        const std::int64_t plane = (unit.first_image + image) * (channels / block) + c / block;
        const std::int64_t offset = (plane * images.height + y) * images.width * block + c % block;
        read_pixels(d, source, offset, block, c, images.width, to + strip.halo * channels + c, channels);
      }
    }
  }
}

// Transformed tiles, [36][tiles][channels] (point_stride apart), of a strip; those of `from` x `from` pixels,
// 4 apart.
template <int from, class D, class Transform>
HWY_INLINE void transform_tiles(D d, const Strip& strip, const TileUnits::Unit& unit, std::int64_t tiles,
                                float* HWY_RESTRICT to, const Transform& transform) {
  constexpr std::int64_t lanes = width_of<D>;
  const std::int64_t channels = strip.channels, across = (strip.columns - 2 * strip.halo) / 4;
  std::int64_t tile = 0;
  for (std::int64_t image = 0; image < unit.images; ++image) {
    for (std::int64_t ty = 0; ty < unit.rows; ++ty) {
      for (std::int64_t tx = 0; tx < across; ++tx, ++tile) {
        for (std::int64_t c = 0; c < channels; c += lanes) {
          const float* HWY_RESTRICT at = strip.row(image, 4 * ty) + 4 * tx * channels + c;
          hn::Vec<D> columns[from][6];  // each transformed from top to bottom
          for (int j = 0; j < from; ++j) {
            hn::Vec<D> in[from];
            for (int i = 0; i < from; ++i) in[i] = hn::Load(d, at + (i * strip.columns + j) * channels);
            transform(d, in, columns[j]);
          }
          float* HWY_RESTRICT out = to + tile * channels + c;
          for (int i = 0; i < 6; ++i) {
            hn::Vec<D> in[from], row[6];
            for (int j = 0; j < from; ++j) in[j] = columns[j][i];
            transform(d, in, row);
            for (int j = 0; j < 6; ++j)
              hn::Store(row[j], d, out + (i * 6 + j) * point_stride(tiles, channels));
          }
        }
      }
    }
  }
}

// Fetches into the cache, a slice at a time, what the products leave time for: a tile's few pixels are too
// scattered for the processor to foresee them.
class Prefetcher {
 public:
  // The pixels of a unit in `channels` channels at values (null: nothing), a slice for every point.
  Prefetcher(const TileUnits& units, const TileUnits::Unit& unit, std::int64_t channels,
             const float* values) {
    if (values == nullptr) return;
    const Images& images = units.images();
    const std::int64_t row = images.width * images.block;
    const std::int64_t last = std::min(4 * (unit.first_row + unit.rows), images.height);
    planes_ = unit.images * (channels / images.block);
    stride_ = images.height * row;
    length_ = (last - 4 * unit.first_row) * row;
    first_ = values + unit.first_image * (channels / images.block) * stride_ + 4 * unit.first_row * row;
  }

  HWY_INLINE void fetch(std::int64_t slice) const {
    for (std::int64_t plane = 0; plane < planes_; ++plane) {
      const float* from = first_ + plane * stride_;
      const std::int64_t lines = (length_ + line - 1) / line;
      for (std::int64_t i = lines * slice / points; i < lines * (slice + 1) / points; ++i) {
        hwy::Prefetch(from + i * line);
      }
    }
  }

 private:
  static constexpr std::int64_t line = 16;  // floats in a cache line
  std::int64_t planes_ = 0, stride_ = 0, length_ = 0;
  const float* first_ = nullptr;
};

}  // namespace revnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
