#include "kernels/pointwise.h"

#include <algorithm>
#include <stdexcept>

#include <omp.h>

#include "kernels/shares.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/pointwise.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "kernels/memory-inl.h"
#include "kernels/product-inl.h"

#ifndef REVNET_KERNELS_POINTWISE_TASK
#define REVNET_KERNELS_POINTWISE_TASK
namespace revnet::kernels {

// Pixels of a unit at most: what is read of them stays in the second-level cache.
inline constexpr std::int64_t unit_pixels = 128;

// Pixels in a row of one image.
struct PixelRange {
  std::int64_t image, first, count;
};

struct PointwiseTask {
  Images images;
  std::int64_t units_per_image;
  Source source;
  const float* matrix;  // [depth][columns]
  Sink sink;
  std::int64_t depth, columns;  // channels read and written
};

// The gradient by the input, as a convolution, and what is needed for the one by the weights besides.
struct PointwiseGradientTask {
  PointwiseTask data;
  Source input;
};

inline PixelRange pixels_of_unit(const Images& images, std::int64_t units_per_image, std::int64_t unit) {
  const std::int64_t first = unit % units_per_image * unit_pixels;
  return {unit / units_per_image, first, std::min(unit_pixels, images.pixels() - first)};
}

}  // namespace revnet::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace revnet::kernels::HWY_NAMESPACE {
namespace {

constexpr std::int64_t piece = 32;  // pixels multiplied before they are written

// Offset of the first pixel of the range in a channel.
std::int64_t offset_of(const Images& images, std::int64_t channels, const PixelRange& range,
                       std::int64_t channel) {
  const std::int64_t plane = range.image * (channels / images.block) + channel / images.block;
  return (plane * images.pixels() + range.first) * images.block + channel % images.block;
}

// to: [pixels][channels], zeros up to a multiple of product_rows.
template <class D>
void read_range(D d, const Images& images, std::int64_t channels, const Source& source,
                const PixelRange& range, float* to) {
  for (std::int64_t c = 0; c < channels; c += width_of<D>) {
    read_pixels(d, source, offset_of(images, channels, range, c), images.block, c, range.count, to + c,
                channels);
  }
  const std::int64_t rows = (range.count + product_rows - 1) / product_rows * product_rows;
  std::fill(to + range.count * channels, to + rows * channels, 0.0f);
}

// Fetches the pixels of a range into the cache, line by line.
void prefetch(const Images& images, std::int64_t channels, const float* values, const PixelRange& range) {
  if (values == nullptr) return;
  for (std::int64_t c = 0; c < channels; c += images.block) {
    const float* from = values + offset_of(images, channels, range, c);
    for (std::int64_t i = 0; i < range.count * images.block; i += 16) hwy::Prefetch(from + i);
  }
}

template <Sink::Form form, class D>
void write_unit(D d, const PointwiseTask& task, std::int64_t unit, const PixelRange& range,
                const float* pixels, float* product) {
  constexpr std::int64_t lanes = width_of<D>;
  for (std::int64_t c = 0; c < task.columns;) {
    const std::int64_t vectors = task.columns - c >= 2 * lanes ? 2 : 1;
    Writer<form, D> writers[2] = {{d, task.sink, c}, {d, task.sink, c + (vectors - 1) * lanes}};
    for (std::int64_t first = 0; first < range.count; first += piece) {
      const std::int64_t count = std::min(piece, range.count - first);
      const std::int64_t rows = (count + product_rows - 1) / product_rows * product_rows;
      multiply(d, pixels + first * task.depth, rows, task.depth, task.matrix + c * task.depth,
               vectors * lanes, product);
      for (std::int64_t v = 0; v < vectors; ++v) {
        const std::int64_t channel = c + v * lanes;
        const std::int64_t at =
            offset_of(task.images, task.columns, range, channel) + first * task.images.block;
        for (std::int64_t i = 0; i < count; ++i) {
          writers[v].write(d, hn::Load(d, product + (i * vectors + v) * lanes), at + i * task.images.block);
        }
      }
    }
    for (std::int64_t v = 0; v < vectors; ++v) writers[v].finish(d, unit, c + v * lanes, task.columns);
    c += vectors * lanes;
  }
}

template <class D>
void write_unit_of(D d, const PointwiseTask& task, std::int64_t unit, const PixelRange& range,
                   const float* pixels, float* product) {
  switch (task.sink.form) {
    case Sink::Form::plain:
      return write_unit<Sink::Form::plain>(d, task, unit, range, pixels, product);
    case Sink::Form::sum:
      return write_unit<Sink::Form::sum>(d, task, unit, range, pixels, product);
    case Sink::Form::difference:
      return write_unit<Sink::Form::difference>(d, task, unit, range, pixels, product);
    case Sink::Form::masked:
      return write_unit<Sink::Form::masked>(d, task, unit, range, pixels, product);
  }
}

// Units [first, last); pixels: scratch memory for what is read of one, product for what is made of it.
template <class D>
void convolve_units(D d, const PointwiseTask& task, std::int64_t first, std::int64_t last, float* pixels,
                    float* product) {
  for (std::int64_t unit = first; unit < last; ++unit) {
    const PixelRange range = pixels_of_unit(task.images, task.units_per_image, unit);
    read_range(d, task.images, task.depth, task.source, range, pixels);
    const PixelRange next = pixels_of_unit(task.images, task.units_per_image, std::min(unit + 1, last - 1));
    prefetch(task.images, task.depth, task.source.values, next);
    write_unit_of(d, task, unit, range, pixels, product);
  }
}

// Both gradients take what is read of the gradient by the output.
template <class D>
void gradient_units(D d, const PointwiseGradientTask& task, std::int64_t first, std::int64_t last,
                    float* inputs, float* diffs, float* product, float* sums) {
  const PointwiseTask& data = task.data;
  const std::int64_t in = data.columns, out = data.depth;
  std::fill(sums, sums + in * out, 0.0f);
  for (std::int64_t unit = first; unit < last; ++unit) {
    const PixelRange range = pixels_of_unit(data.images, data.units_per_image, unit);
    read_range(d, data.images, in, task.input, range, inputs);
    read_range(d, data.images, out, data.source, range, diffs);
    const PixelRange next = pixels_of_unit(data.images, data.units_per_image, std::min(unit + 1, last - 1));
    prefetch(data.images, in, task.input.values, next);
    prefetch(data.images, out, data.source.values, next);
    prefetch(data.images, out, data.source.input, next);
    accumulate(d, inputs, in, range.count, diffs, out, sums);
    write_unit_of(d, data, unit, range, diffs, product);
  }
}

void ConvolvePixels(const PointwiseTask& task, std::int64_t first, std::int64_t last, float* pixels,
                    float* product) {
  if (task.images.block == 16) {
    convolve_units(Lanes<16>(), task, first, last, pixels, product);
  } else {
    convolve_units(Lanes<8>(), task, first, last, pixels, product);
  }
}

void AddPixelGradients(const PointwiseGradientTask& task, std::int64_t first, std::int64_t last,
                       float* inputs, float* diffs, float* product, float* sums) {
  if (task.data.images.block == 16) {
    gradient_units(Lanes<16>(), task, first, last, inputs, diffs, product, sums);
  } else {
    gradient_units(Lanes<8>(), task, first, last, inputs, diffs, product, sums);
  }
}

// Columns that the products take at one time.
std::int64_t PanelColumns(std::int64_t block) {
  return 2 * (block == 16 ? width_of<Lanes<16>> : width_of<Lanes<8>>);
}

}  // namespace
}  // namespace revnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace revnet::kernels {

HWY_EXPORT(ConvolvePixels);
HWY_EXPORT(AddPixelGradients);
HWY_EXPORT(PanelColumns);

namespace {

std::int64_t weight_offset(std::int64_t in_channels, std::int64_t block, std::int64_t in, std::int64_t out) {
  return ((out / block) * (in_channels / block) + in / block) * block * block + (in % block) * block +
         out % block;
}

constexpr std::int64_t piece_floats = 32 * 32;  // of a product: pixels by columns

}  // namespace

Pointwise::Pointwise(const Images& images, std::int64_t in, std::int64_t out)
    : images_(images),
      in_(in),
      out_(out),
      units_per_image_((images.pixels() + unit_pixels - 1) / unit_pixels) {
  if ((images.block != 8 && images.block != 16) || in % images.block != 0 || out % images.block != 0) {
    throw std::logic_error("Pointwise: channels must come in blocks of 8 or 16");
  }
}

std::int64_t Pointwise::pixels_of(std::int64_t unit) const {
  return pixels_of_unit(images_, units_per_image_, unit).count;
}

std::size_t Pointwise::scratch_floats(int threads) const {
  const std::size_t matrix = whole_lines(in_ * out_), all = static_cast<std::size_t>(threads);
  const std::size_t pixels = whole_lines(unit_pixels * in_) + whole_lines(unit_pixels * out_);
  return matrix + all * (matrix + pixels + piece_floats);
}

void Pointwise::pack(const float* weights, bool transposed, float* matrix) const {
  const std::int64_t depth = transposed ? out_ : in_, columns = transposed ? in_ : out_;
  const std::int64_t panel = HWY_DYNAMIC_DISPATCH(PanelColumns)(images_.block);
  for (std::int64_t first = 0, wide = 0; first < columns; first += wide) {
    wide = columns - first >= panel ? panel : panel / 2;
    for (std::int64_t k = 0; k < depth; ++k) {
      for (std::int64_t c = 0; c < wide; ++c) {
        matrix[first * depth + k * wide + c] =
            weights[transposed ? weight_offset(in_, images_.block, first + c, k)
                               : weight_offset(in_, images_.block, k, first + c)];
      }
    }
  }
}

void Pointwise::forward(const Source& source, const float* weights, const Sink& sink, float* scratch) const {
  pack(weights, false, scratch);
  const PointwiseTask task{images_, units_per_image_, source, scratch, sink, in_, out_};
  const std::size_t pixels = whole_lines(unit_pixels * in_), each = pixels + piece_floats;
#pragma omp parallel
  {
    const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
    const auto [first, last] = range_of(units(), thread, threads);
    float* const own = scratch + whole_lines(in_ * out_) + static_cast<std::size_t>(thread) * each;
    HWY_DYNAMIC_DISPATCH(ConvolvePixels)(task, first, last, own, own + pixels);
  }
}

void Pointwise::backward(const Source& input, const Source& diff, const float* weights, const Sink& sink,
                         float* diff_weights, float* scratch) const {
  pack(weights, true, scratch);
  const PointwiseGradientTask task{{images_, units_per_image_, diff, scratch, sink, out_, in_}, input};
  const std::size_t matrix = whole_lines(in_ * out_), inputs = whole_lines(unit_pixels * in_),
                    diffs = whole_lines(unit_pixels * out_), each = inputs + diffs + piece_floats;
  float* const sums = scratch + matrix;  // a share each
#pragma omp parallel
  {
    const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
    float* const own_sums = sums + static_cast<std::size_t>(thread) * matrix;
    float* const own =
        sums + static_cast<std::size_t>(threads) * matrix + static_cast<std::size_t>(thread) * each;
    const auto [first, last] = range_of(units(), thread, threads);
    HWY_DYNAMIC_DISPATCH(AddPixelGradients)
    (task, first, last, own, own + inputs, own + inputs + diffs, own_sums);
#pragma omp barrier
    const auto [first_row, last_row] = range_of(in_, thread, threads);
    for (std::int64_t i = first_row; i < last_row; ++i) {
      for (std::int64_t o = 0; o < out_; ++o) {
        float total = 0;
        for (int t = 0; t < threads; ++t) {
          total += sums[static_cast<std::size_t>(t) * matrix + static_cast<std::size_t>(i * out_ + o)];
        }
        diff_weights[weight_offset(in_, images_.block, i, o)] = total;
      }
    }
  }
}

}  // namespace revnet::kernels
#endif  // HWY_ONCE
