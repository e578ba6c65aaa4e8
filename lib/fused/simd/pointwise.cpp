#include "kernels/pointwise.h"

#include <algorithm>
#include <stdexcept>

#include <omp.h>

#include "kernels/shares.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/pointwise.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "kernels/pixels-inl.h"

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

// Offset of the first pixel of the range in a channel.
std::int64_t offset_of(const Images& images, std::int64_t channels, const PixelRange& range,
                       std::int64_t channel) {
  const std::int64_t plane = range.image * (channels / images.block) + channel / images.block;
  return (plane * images.pixels() + range.first) * images.block + channel % images.block;
}

// What the products take of a range: the pixels in memory, or what `copy` gets of them where they are to be
// normalised or turned into gradients first.
template <int block, class D>
Pixels<block> read_range(D d, const Images& images, std::int64_t channels, const Source& source,
                         const PixelRange& range, float* copy) {
  if (source.form == Source::Form::raw) {
    return {source.values + offset_of(images, channels, range, 0), images.pixels() * block};
  }
  const Pixels<block> pixels{copy, range.count * block};
  for (std::int64_t c = 0; c < channels; c += width_of<D>) {
    read_pixels(d, source, offset_of(images, channels, range, c), block, c, range.count,
                copy + (pixels.at(c) - copy), block);
  }
  return pixels;
}

// The channels of a range at values (null: nothing), in so many calls.
Prefetcher prefetch_range(const Images& images, std::int64_t channels, const float* values,
                          const PixelRange& range, std::int64_t calls) {
  if (values == nullptr) return {};
  return {values + offset_of(images, channels, range, 0), channels / images.block,
          images.pixels() * images.block, range.count * images.block, calls};
}

// How often a unit's products leave time to fetch something.
template <class D>
std::int64_t pauses_of(const PixelRange& range, std::int64_t columns) {
  return std::max<std::int64_t>(1, range.count / (2 * product_rows) * (columns / width_of<D>));
}

template <int vectors, Sink::Form form, int block, class D, class Between>
HWY_INLINE void write_columns(D d, const PointwiseTask& task, std::int64_t unit, const PixelRange& range,
                              const Pixels<block>& pixels, std::int64_t column, const Between& between) {
  constexpr std::int64_t lanes = width_of<D>;
  Writer<form, D> writers[2] = {{d, task.sink, column}, {d, task.sink, column + (vectors - 1) * lanes}};
  std::int64_t at[vectors];
  for (int v = 0; v < vectors; ++v) at[v] = offset_of(task.images, task.columns, range, column + v * lanes);
  multiply_pixels<vectors>(
      d, pixels, range.count, task.depth, task.matrix + column * task.depth,
      [&](int v, std::int64_t pixel, auto value)
          HWY_ATTR { writers[v].write(d, value, at[v] + pixel * block); },
      between);
  for (int v = 0; v < vectors; ++v) writers[v].finish(d, unit, column + v * lanes, task.columns);
}

template <Sink::Form form, int block, class D, class Between>
HWY_INLINE void write_unit_as(D d, const PointwiseTask& task, std::int64_t unit, const PixelRange& range,
                              const Pixels<block>& pixels, const Between& between) {
  constexpr std::int64_t lanes = width_of<D>;
  std::int64_t column = 0;
  for (; task.columns - column >= 2 * lanes; column += 2 * lanes) {
    write_columns<2, form>(d, task, unit, range, pixels, column, between);
  }
  if (column < task.columns) write_columns<1, form>(d, task, unit, range, pixels, column, between);
}

template <int block, class D, class Between>
void write_unit(D d, const PointwiseTask& task, std::int64_t unit, const PixelRange& range,
                const Pixels<block>& pixels, const Between& between) {
  switch (task.sink.form) {
    case Sink::Form::plain:
      return write_unit_as<Sink::Form::plain>(d, task, unit, range, pixels, between);
    case Sink::Form::sum:
      return write_unit_as<Sink::Form::sum>(d, task, unit, range, pixels, between);
    case Sink::Form::difference:
      return write_unit_as<Sink::Form::difference>(d, task, unit, range, pixels, between);
    case Sink::Form::masked:
      return write_unit_as<Sink::Form::masked>(d, task, unit, range, pixels, between);
  }
}

// Units [first, last); copy: scratch memory for the pixels read of one.
template <int block>
void convolve_units(const PointwiseTask& task, std::int64_t first, std::int64_t last, float* copy) {
  const Lanes<block> d;
  for (std::int64_t unit = first; unit < last; ++unit) {
    const PixelRange range = pixels_of_unit(task.images, task.units_per_image, unit);
    const Pixels<block> pixels = read_range<block>(d, task.images, task.depth, task.source, range, copy);
    const PixelRange next = pixels_of_unit(task.images, task.units_per_image, std::min(unit + 1, last - 1));
    Prefetcher source = prefetch_range(task.images, task.depth, task.source.values, next,
                                       pauses_of<Lanes<block>>(range, task.columns));
    write_unit(d, task, unit, range, pixels, [&]() HWY_ATTR { source.fetch(); });
  }
}

// Both gradients take what is read of the gradient by the output.
template <int block>
void gradient_units(const PointwiseGradientTask& task, std::int64_t first, std::int64_t last, float* inputs,
                    float* diffs, float* sums) {
  const Lanes<block> d;
  const PointwiseTask& data = task.data;
  const std::int64_t in = data.columns, out = data.depth;
  std::fill(sums, sums + in * out, 0.0f);
  for (std::int64_t unit = first; unit < last; ++unit) {
    const PixelRange range = pixels_of_unit(data.images, data.units_per_image, unit);
    const Pixels<block> input = read_range<block>(d, data.images, in, task.input, range, inputs);
    const Pixels<block> diff = read_range<block>(d, data.images, out, data.source, range, diffs);
    accumulate_pixels(d, input, in, diff, out, range.count, sums);
    const PixelRange next = pixels_of_unit(data.images, data.units_per_image, std::min(unit + 1, last - 1));
    const std::int64_t pauses = pauses_of<Lanes<block>>(range, in);
    Prefetcher streams[] = {prefetch_range(data.images, in, task.input.values, next, pauses),
                            prefetch_range(data.images, out, data.source.values, next, pauses),
                            prefetch_range(data.images, out, data.source.input, next, pauses)};
    write_unit(d, data, unit, range, diff, [&]() HWY_ATTR {
      for (Prefetcher& stream : streams) stream.fetch();
    });
  }
}

void ConvolvePixels(const PointwiseTask& task, std::int64_t first, std::int64_t last, float* copy) {
  if (task.images.block == 16) {
    convolve_units<16>(task, first, last, copy);
  } else {
    convolve_units<8>(task, first, last, copy);
  }
}

void AddPixelGradients(const PointwiseGradientTask& task, std::int64_t first, std::int64_t last,
                       float* inputs, float* diffs, float* sums) {
  if (task.data.images.block == 16) {
    gradient_units<16>(task, first, last, inputs, diffs, sums);
  } else {
    gradient_units<8>(task, first, last, inputs, diffs, sums);
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

// Weights [in, out] as oneDNN's OIhw8i8o or OIhw16i16o.
template <std::int64_t block>
std::int64_t weight_offset(std::int64_t in_channels, std::int64_t in, std::int64_t out) {
  return ((out / block) * (in_channels / block) + in / block) * block * block + (in % block) * block +
         out % block;
}

// Weights as the products read them: panels of columns, one after another, [panel][depth][columns of it].
template <std::int64_t block>
void pack(const float* weights, std::int64_t in, std::int64_t out, bool transposed, std::int64_t panel,
          float* matrix) {
  const std::int64_t depth = transposed ? out : in, columns = transposed ? in : out;
  for (std::int64_t first = 0, wide = 0; first < columns; first += wide) {
    wide = columns - first >= panel ? panel : panel / 2;
    for (std::int64_t k = 0; k < depth; ++k) {
      for (std::int64_t c = first; c < first + wide; ++c) {
        *matrix++ = weights[transposed ? weight_offset<block>(in, c, k) : weight_offset<block>(in, k, c)];
      }
    }
  }
}

void pack(const float* weights, std::int64_t in, std::int64_t out, std::int64_t block, bool transposed,
          float* matrix) {
  const std::int64_t panel = HWY_DYNAMIC_DISPATCH(PanelColumns)(block);
  return block == 16 ? pack<16>(weights, in, out, transposed, panel, matrix)
                     : pack<8>(weights, in, out, transposed, panel, matrix);
}

// Rows [first, last) of the sums of all threads, each `share` floats after the one before, to the gradient.
template <std::int64_t block>
void gather(const float* sums, std::size_t share, int threads, std::int64_t in, std::int64_t out,
            std::int64_t first, std::int64_t last, float* gradient) {
  for (std::int64_t i = first; i < last; ++i) {
    for (std::int64_t o = 0; o < out; o += block) {
      const float* const own = sums + i * out + o;
      float* const to = gradient + weight_offset<block>(in, i, o);
      for (std::int64_t lane = 0; lane < block; ++lane) to[lane] = own[lane];
      for (int t = 1; t < threads; ++t) {
        const float* const other = own + static_cast<std::size_t>(t) * share;
        for (std::int64_t lane = 0; lane < block; ++lane) to[lane] += other[lane];
      }
    }
  }
}

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
  return matrix + all * (matrix + whole_lines(unit_pixels * in_) + whole_lines(unit_pixels * out_));
}

void Pointwise::forward(const Source& source, const float* weights, const Sink& sink, float* scratch) const {
  pack(weights, in_, out_, images_.block, false, scratch);
  const PointwiseTask task{images_, units_per_image_, source, scratch, sink, in_, out_};
#pragma omp parallel
  {
    const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
    const auto [first, last] = range_of(units(), thread, threads);
    float* const copies = scratch + whole_lines(in_ * out_);
    HWY_DYNAMIC_DISPATCH(ConvolvePixels)
    (task, first, last, copies + static_cast<std::size_t>(thread) * whole_lines(unit_pixels * in_));
  }
}

void Pointwise::backward(const Source& input, const Source& diff, const float* weights, const Sink& sink,
                         float* diff_weights, float* scratch) const {
  pack(weights, in_, out_, images_.block, true, scratch);
  const PointwiseGradientTask task{{images_, units_per_image_, diff, scratch, sink, out_, in_}, input};
  const std::size_t matrix = whole_lines(in_ * out_), inputs = whole_lines(unit_pixels * in_),
                    each = inputs + whole_lines(unit_pixels * out_);
  float* const sums = scratch + matrix;  // a share each
#pragma omp parallel
  {
    const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
    const auto own = static_cast<std::size_t>(thread), all = static_cast<std::size_t>(threads);
    float* const copies = sums + all * matrix + own * each;
    const auto [first, last] = range_of(units(), thread, threads);
    HWY_DYNAMIC_DISPATCH(AddPixelGradients)(task, first, last, copies, copies + inputs, sums + own * matrix);
#pragma omp barrier
    const auto [first_row, last_row] = range_of(in_, thread, threads);
    if (images_.block == 16) {
      gather<16>(sums, matrix, threads, in_, out_, first_row, last_row, diff_weights);
    } else {
      gather<8>(sums, matrix, threads, in_, out_, first_row, last_row, diff_weights);
    }
  }
}

}  // namespace revnet::kernels
#endif  // HWY_ONCE
