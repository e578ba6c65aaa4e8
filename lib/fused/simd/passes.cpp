#include "kernels/passes.h"

#include <algorithm>
#include <vector>

#include <omp.h>

#include "kernels/shares.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/passes.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "kernels/memory-inl.h"

HWY_BEFORE_NAMESPACE();
namespace revnet::kernels::HWY_NAMESPACE {
namespace {

// Pixels of one image and block of channels: `offset` floats from the first.
std::int64_t plane_offset(const Images& images, std::int64_t channels, std::int64_t image,
                          std::int64_t channel) {
  const std::int64_t plane = image * (channels / images.block) + channel / images.block;
  return plane * images.pixels() * images.block + channel % images.block;
}

template <class D>
void sum_image(D d, const Images& images, std::int64_t channels, const float* values, std::int64_t image,
               double* sums) {
  for (std::int64_t c = 0; c < channels; c += width_of<D>) {
    const float* HWY_RESTRICT at = values + plane_offset(images, channels, image, c);
    UnitSums<D> unit(d);
    for (std::int64_t pixel = 0; pixel < images.pixels(); ++pixel) {
      unit.add(hn::Load(d, at + pixel * images.block));
    }
    unit.write(d, false, sums + image * 2 * channels, c, channels);
  }
}

template <class D>
void add_image(D d, const Images& images, std::int64_t channels, const Source& source, std::int64_t image,
               float* HWY_RESTRICT values) {
  constexpr std::int64_t piece = 32;  // pixels
  HWY_ALIGN float read[piece * width_of<D>];
  for (std::int64_t c = 0; c < channels; c += width_of<D>) {
    const std::int64_t plane = plane_offset(images, channels, image, c);
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

void SumImages(const Images& images, std::int64_t channels, const float* values, std::int64_t first,
               std::int64_t last, double* sums) {
  for (std::int64_t image = first; image < last; ++image) {
    if (images.block == 16) {
      sum_image(Lanes<16>(), images, channels, values, image, sums);
    } else {
      sum_image(Lanes<8>(), images, channels, values, image, sums);
    }
  }
}

void AddImages(const Images& images, std::int64_t channels, const Source& source, std::int64_t first,
               std::int64_t last, float* values) {
  for (std::int64_t image = first; image < last; ++image) {
    if (images.block == 16) {
      add_image(Lanes<16>(), images, channels, source, image, values);
    } else {
      add_image(Lanes<8>(), images, channels, source, image, values);
    }
  }
}

}  // namespace
}  // namespace revnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace revnet::kernels {

HWY_EXPORT(SumImages);
HWY_EXPORT(AddImages);

namespace {

// body(first, last) for each thread's share of the images.
template <class Body>
void each_share(std::int64_t count, const Body& body) {
#pragma omp parallel
  {
    const auto [first, last] = range_of(count, omp_get_thread_num(), omp_get_num_threads());
    body(first, last);
  }
}

}  // namespace

void sum_images(const Images& images, std::int64_t channels, const float* values, double* sums) {
  each_share(images.count, [&](std::int64_t first, std::int64_t last) {
    HWY_DYNAMIC_DISPATCH(SumImages)(images, channels, values, first, last, sums);
  });
}

void add(const Images& images, std::int64_t channels, const Source& source, float* values) {
  each_share(images.count, [&](std::int64_t first, std::int64_t last) {
    HWY_DYNAMIC_DISPATCH(AddImages)(images, channels, source, first, last, values);
  });
}

void combine_moments(const double* sums, const std::int64_t* pixels, std::int64_t units,
                     std::int64_t channels, float* mean, float* variance) {
  const auto width = static_cast<std::size_t>(channels);
  std::vector<double> means(width), squares(width);
  double all = 0;
  for (std::int64_t unit = 0; unit < units; ++unit) {
    all += static_cast<double>(pixels[unit]);
    const double* totals = sums + unit * 2 * channels;
    for (std::size_t c = 0; c < width; ++c) means[c] += totals[c];
  }
  for (double& value : means) value /= all;
  for (std::int64_t unit = 0; unit < units; ++unit) {
    const double *totals = sums + unit * 2 * channels, *own_squares = totals + channels;
    const auto count = static_cast<double>(pixels[unit]), share = 1.0 / count;
    for (std::size_t c = 0; c < width; ++c) {
      const double distance = totals[c] * share - means[c];
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
