#include "fused/simd/passes.h"

#include <algorithm>

#include "fused/simd/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fused/simd/passes.cpp"
#include <hwy/foreach_target.h>
// These come after foreach_target.h: lanes-inl.h says why.
#include "fused/simd/memory-inl.h"

HWY_BEFORE_NAMESPACE();
namespace revnet::simd::HWY_NAMESPACE {
namespace {

template <class D>
void add_image(D d, const Images& images, std::int64_t channels, const Source& source, std::int64_t image,
               float* HWY_RESTRICT values) {
  constexpr std::int64_t piece = 32;  // pixels
  HWY_ALIGN float read[piece * width_of<D>];
  for (std::int64_t c = 0; c < channels; c += width_of<D>) {
    const std::int64_t plane = images.offset(channels, image, c);
    for (std::int64_t first = 0; first < images.pixels(); first += piece) {
      const std::int64_t count = std::min(piece, images.pixels() - first);
      const std::int64_t at = plane + first * images.block;
      read_pixels(d, source, at, images.block, c, count, read, width_of<D>);
      for (std::int64_t i = 0; i < count; ++i) {
        float* to = values + at + i * images.block;
        hn::Store(hn::Add(hn::Load(d, to), hn::Load(d, read + i * width_of<D>)), d, to);
      }
    }
  }
}

void AddImages(const Images& images, std::int64_t channels, const Source& source, const Range& range,
               float* values) {
  with_block(images.block, [&](auto block) HWY_ATTR {
    for (std::int64_t image = range.first; image < range.last; ++image) {
      add_image(Lanes<block>(), images, channels, source, image, values);
    }
  });
}

}  // namespace
}  // namespace revnet::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace revnet::simd {

HWY_EXPORT(AddImages);

void add(const Images& images, std::int64_t channels, const Source& source, float* values, int threads) {
  for_threads(threads, [&](const Thread& thread) {
    HWY_DYNAMIC_DISPATCH(AddImages)(images, channels, source, thread.range_of(images.count), values);
  });
}

}  // namespace revnet::simd
#endif  // HWY_ONCE
