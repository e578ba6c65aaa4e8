#include "kernels/passes.h"

#include <algorithm>
#include <vector>

#include "kernels/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/passes.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "kernels/memory-inl.h"

HWY_BEFORE_NAMESPACE();
namespace revnet::kernels::HWY_NAMESPACE {
namespace {

template <class D>
void sum_image(D d, const Images& images, std::int64_t channels, const float* values, std::int64_t image,
               double* sums) {
  for (std::int64_t c = 0; c < channels; c += width_of<D>) {
    const float* HWY_RESTRICT at = values + images.offset(channels, image, c);
    WorkSums<D> of_image(d);
    for (std::int64_t pixel = 0; pixel < images.pixels(); ++pixel) {
      of_image.add(hn::Load(d, at + pixel * images.block));
    }
    of_image.write(d, false, sums + image * 2 * channels, c, channels);
  }
}

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

void SumImages(const Images& images, std::int64_t channels, const float* values, const Range& range,
               double* sums) {
  with_block(images.block, [&](auto block) HWY_ATTR {
    for (std::int64_t image = range.first; image < range.last; ++image) {
      sum_image(Lanes<block>(), images, channels, values, image, sums);
    }
  });
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
}  // namespace revnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace revnet::kernels {

HWY_EXPORT(SumImages);
HWY_EXPORT(AddImages);

void sum_images(const Images& images, std::int64_t channels, const float* values, double* sums, int threads) {
  for_threads(threads, [&](const Thread& thread) {
    HWY_DYNAMIC_DISPATCH(SumImages)(images, channels, values, thread.range_of(images.count), sums);
  });
}

void add(const Images& images, std::int64_t channels, const Source& source, float* values, int threads) {
  for_threads(threads, [&](const Thread& thread) {
    HWY_DYNAMIC_DISPATCH(AddImages)(images, channels, source, thread.range_of(images.count), values);
  });
}

void combine_moments(const double* sums, const std::int64_t* pixels, std::int64_t work_blocks,
                     std::int64_t channels, float* mean, float* variance) {
  const auto width = static_cast<std::size_t>(channels);
  std::vector<double> means(width), squares(width);
  double all = 0;
  for (std::int64_t index = 0; index < work_blocks; ++index) {
    all += static_cast<double>(pixels[index]);
    const double* totals = sums + index * 2 * channels;
    for (std::size_t c = 0; c < width; ++c) means[c] += totals[c];
  }
  for (double& value : means) value /= all;
  for (std::int64_t index = 0; index < work_blocks; ++index) {
    const double *totals = sums + index * 2 * channels, *own_squares = totals + channels;
    const auto count = static_cast<double>(pixels[index]), per_pixel = 1.0 / count;
    for (std::size_t c = 0; c < width; ++c) {
      const double distance = totals[c] * per_pixel - means[c];
      squares[c] += own_squares[c] + count * distance * distance;
    }
  }
  for (std::size_t c = 0; c < width; ++c) {
    mean[c] = static_cast<float>(means[c]);
    variance[c] = static_cast<float>(squares[c] / all);
  }
}

}  // namespace revnet::kernels
#endif  // HWY_ONCE
