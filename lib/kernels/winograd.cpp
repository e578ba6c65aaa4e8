#include "kernels/winograd.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include <omp.h>

#include "kernels/shares.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/winograd.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "kernels/memory-inl.h"
#include "kernels/product-inl.h"
#include "kernels/tiles-inl.h"
#include "kernels/transforms-inl.h"

#ifndef REVNET_KERNELS_WINOGRAD_TASK
#define REVNET_KERNELS_WINOGRAD_TASK
namespace revnet::kernels {

// What a thread needs to know of one convolution.
struct ConvolutionTask {
  const TileUnits& units;
  Source source;
  const float* transformed_weights;  // [36][depth][columns]
  Sink sink;
  std::int64_t depth, columns;  // channels read and written
};

struct WeightGradientTask {
  const TileUnits& units;
  Source input, diff;
  std::int64_t in, out;
};

// Channels of OIhw weights and what is wanted of them.
struct FilterTask {
  const float* weights;
  std::int64_t in, out, block;
  bool transposed;  // mirrored, from output to input channels

  std::int64_t depth() const { return transposed ? out : in; }
  std::int64_t columns() const { return transposed ? in : out; }
};

}  // namespace revnet::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace revnet::kernels::HWY_NAMESPACE {
namespace {

struct InputTransform {
  template <class D, class V>
  HWY_INLINE void operator()(D d, const V (&x)[6], V (&r)[6]) const {
    transform_input(d, x, r);
  }
};
struct DiffTransform {
  template <class D, class V>
  HWY_INLINE void operator()(D d, const V (&x)[4], V (&r)[6]) const {
    transform_diff(d, x, r);
  }
};

// Writes the 4x4 results of every tile, one channel vector after another.
template <Sink::Form form, class D>
HWY_INLINE void write_tiles(D d, const ConvolutionTask& task, const TileUnits::Unit& unit, std::int64_t index,
                            std::int64_t tiles, const float* HWY_RESTRICT products) {
  const Images& images = task.units.images();
  const std::int64_t columns = task.columns, block = images.block, across = task.units.tile_columns();
  for (std::int64_t c = 0; c < columns; c += width_of<D>) {
    Writer<form, D> writer(d, task.sink, c);
    std::int64_t tile = 0;
    for (std::int64_t image = unit.first_image; image < unit.first_image + unit.images; ++image) {
      const std::int64_t plane =
          (image * (columns / block) + c / block) * images.pixels() * block + c % block;
      for (std::int64_t ty = unit.first_row; ty < unit.first_row + unit.rows; ++ty) {
        for (std::int64_t tx = 0; tx < across; ++tx, ++tile) {
          const float* HWY_RESTRICT from = products + tile * columns + c;
          hn::Vec<D> half[4][6];
          for (int j = 0; j < 6; ++j) {
            hn::Vec<D> in[6], out[4];
            for (int i = 0; i < 6; ++i)
              in[i] = hn::Load(d, from + (i * 6 + j) * point_stride(tiles, columns));
            transform_output(d, in, out);
            for (int i = 0; i < 4; ++i) half[i][j] = out[i];
          }
          const std::int64_t rows = std::min<std::int64_t>(4, images.height - 4 * ty),
                             wide = std::min<std::int64_t>(4, images.width - 4 * tx);
          for (int i = 0; i < rows; ++i) {
            hn::Vec<D> out[4];
            transform_output(d, half[i], out);
            const std::int64_t at = plane + ((4 * ty + i) * images.width + 4 * tx) * block;
            for (int j = 0; j < wide; ++j) writer.write(d, out[j], at + j * block);
          }
        }
      }
    }
    writer.finish(d, index, c, columns);
  }
}

template <class D>
void write_tiles_of(D d, const ConvolutionTask& task, const TileUnits::Unit& unit, std::int64_t index,
                    std::int64_t tiles, const float* products) {
  switch (task.sink.form) {
    case Sink::Form::plain:
      return write_tiles<Sink::Form::plain>(d, task, unit, index, tiles, products);
    case Sink::Form::sum:
      return write_tiles<Sink::Form::sum>(d, task, unit, index, tiles, products);
    case Sink::Form::difference:
      return write_tiles<Sink::Form::difference>(d, task, unit, index, tiles, products);
    case Sink::Form::masked:
      return write_tiles<Sink::Form::masked>(d, task, unit, index, tiles, products);
  }
}

std::int64_t rounded_up(std::int64_t value, std::int64_t to) {
  return (value + to - 1) / to * to;
}

// Units [first, last). scratch: strip, transformed tiles, products.
template <class D>
void convolve_units(D d, const ConvolutionTask& task, std::int64_t first, std::int64_t last, float* strip_at,
                    float* tiles_at, float* products) {
  for (std::int64_t index = first; index < last; ++index) {
    const TileUnits::Unit unit = task.units.unit(index);
    const Strip strip(task.units, unit, 1, task.depth, strip_at);
    const std::int64_t count = task.units.tiles_of(unit);
    const std::int64_t tiles = rounded_up(count, product_rows);
    fill(d, strip, unit, task.units.images(), task.source);
    transform_tiles<6>(d, strip, unit, tiles, tiles_at, InputTransform());
    const TileUnits::Unit next = task.units.unit(std::min(index + 1, last - 1));
    const bool masked = task.sink.form == Sink::Form::masked;
    const Prefetcher streams[] = {
        {task.units, unit, task.columns, masked ? task.sink.input : task.sink.addend},
        {task.units, unit, task.columns, task.sink.values == task.sink.addend ? nullptr : task.sink.values},
        {task.units, next, task.depth, task.source.values},
        {task.units, next, task.depth, task.source.input}};
    for (std::int64_t point = 0; point < points; ++point) {
      for (const Prefetcher& stream : streams) stream.fetch(point);
      float* rows = tiles_at + point * point_stride(tiles, task.depth);
      std::fill(rows + count * task.depth, rows + tiles * task.depth, 0.0f);
      multiply(d, rows, tiles, task.depth, task.transformed_weights + point * task.depth * task.columns,
               task.columns, products + point * point_stride(tiles, task.columns));
    }
    write_tiles_of(d, task, unit, index, tiles, products);
  }
}

template <class D>
void gradient_units(D d, const WeightGradientTask& task, std::int64_t first, std::int64_t last,
                    float* strip_at, float* input_tiles, float* diff_tiles, float* sums) {
  std::fill(sums, sums + points * task.in * task.out, 0.0f);
  for (std::int64_t index = first; index < last; ++index) {
    const TileUnits::Unit unit = task.units.unit(index);
    const std::int64_t tiles = task.units.tiles_of(unit);
    const Strip inputs(task.units, unit, 1, task.in, strip_at);
    fill(d, inputs, unit, task.units.images(), task.input);
    transform_tiles<6>(d, inputs, unit, tiles, input_tiles, InputTransform());
    const Strip diffs(task.units, unit, 0, task.out, strip_at);
    fill(d, diffs, unit, task.units.images(), task.diff);
    transform_tiles<4>(d, diffs, unit, tiles, diff_tiles, DiffTransform());
    const TileUnits::Unit next = task.units.unit(std::min(index + 1, last - 1));
    const Prefetcher streams[] = {{task.units, next, task.in, task.input.values},
                                  {task.units, next, task.out, task.diff.values},
                                  {task.units, next, task.out, task.diff.input}};
    for (std::int64_t point = 0; point < points; ++point) {
      for (const Prefetcher& stream : streams) stream.fetch(point);
      accumulate(d, input_tiles + point * point_stride(tiles, task.in), task.in, tiles,
                 diff_tiles + point * point_stride(tiles, task.out), task.out,
                 sums + point * task.in * task.out);
    }
  }
}

// Offset of tap 0 of a filter; the next tap lies block * block further.
std::int64_t filter_offset(const FilterTask& task, std::int64_t in, std::int64_t out) {
  const std::int64_t b = task.block;
  return ((out / b) * (task.in / b) + in / b) * 9 * b * b + (in % b) * b + out % b;
}

// Rows [first, last) of each of the 36 matrices [depth][columns].
template <class D>
void transform_filters(D d, const FilterTask& task, std::int64_t first, std::int64_t last, float* to) {
  constexpr std::int64_t lanes = width_of<D>;
  const std::int64_t depth = task.depth(), columns = task.columns(), tap = task.block * task.block;
  HWY_ALIGN float gathered[9][lanes];
  for (std::int64_t k = first; k < last; ++k) {
    for (std::int64_t c = 0; c < columns; c += lanes) {
      hn::Vec<D> half[3][6];
      for (int j = 0; j < 3; ++j) {
        hn::Vec<D> in[3];
        for (int i = 0; i < 3; ++i) {
          if (!task.transposed) {
            in[i] = hn::LoadU(d, task.weights + filter_offset(task, k, c) + (i * 3 + j) * tap);
            continue;
          }
          const float* from = task.weights + filter_offset(task, c, k) + ((2 - i) * 3 + 2 - j) * tap;
          for (std::int64_t lane = 0; lane < lanes; ++lane) gathered[0][lane] = from[lane * task.block];
          in[i] = hn::Load(d, gathered[0]);
        }
        transform_filter(d, in, half[j]);
      }
      for (int i = 0; i < 6; ++i) {
        const hn::Vec<D> in[3] = {half[0][i], half[1][i], half[2][i]};
        hn::Vec<D> row[6];
        transform_filter(d, in, row);
        for (int j = 0; j < 6; ++j) hn::Store(row[j], d, to + ((i * 6 + j) * depth + k) * columns + c);
      }
    }
  }
}

// Rows [first, last) of the sums over `threads` shares, to the gradient by the weights.
template <class D>
void finish_gradient(D d, const FilterTask& task, const float* sums, std::int64_t share, int threads,
                     std::int64_t first, std::int64_t last, float* gradient) {
  for (std::int64_t k = first; k < last; ++k) {
    for (std::int64_t c = 0; c < task.out; c += width_of<D>) {
      hn::Vec<D> half[6][3];
      for (int i = 0; i < 6; ++i) {
        hn::Vec<D> in[6];
        for (int j = 0; j < 6; ++j) {
          const float* at = sums + ((i * 6 + j) * task.in + k) * task.out + c;
          in[j] = hn::Load(d, at);
          for (int t = 1; t < threads; ++t) in[j] = hn::Add(in[j], hn::Load(d, at + t * share));
        }
        transform_filter_gradient(d, in, half[i]);
      }
      for (int j = 0; j < 3; ++j) {
        const hn::Vec<D> in[6] = {half[0][j], half[1][j], half[2][j], half[3][j], half[4][j], half[5][j]};
        hn::Vec<D> out[3];
        transform_filter_gradient(d, in, out);
        float* to = gradient + filter_offset(task, k, c);
        for (int i = 0; i < 3; ++i) hn::StoreU(out[i], d, to + (i * 3 + j) * task.block * task.block);
      }
    }
  }
}

void Convolve(const ConvolutionTask& task, std::int64_t first, std::int64_t last, float* strip, float* tiles,
              float* products) {
  if (task.units.images().block == 16) {
    convolve_units(Lanes<16>(), task, first, last, strip, tiles, products);
  } else {
    convolve_units(Lanes<8>(), task, first, last, strip, tiles, products);
  }
}

void AddGradient(const WeightGradientTask& task, std::int64_t first, std::int64_t last, float* strip,
                 float* input_tiles, float* diff_tiles, float* sums) {
  if (task.units.images().block == 16) {
    gradient_units(Lanes<16>(), task, first, last, strip, input_tiles, diff_tiles, sums);
  } else {
    gradient_units(Lanes<8>(), task, first, last, strip, input_tiles, diff_tiles, sums);
  }
}

void TransformFilters(const FilterTask& task, std::int64_t first, std::int64_t last, float* to) {
  if (task.block == 16) {
    transform_filters(Lanes<16>(), task, first, last, to);
  } else {
    transform_filters(Lanes<8>(), task, first, last, to);
  }
}

void FinishGradient(const FilterTask& task, const float* sums, std::int64_t share, int threads,
                    std::int64_t first, std::int64_t last, float* gradient) {
  if (task.block == 16) {
    finish_gradient(Lanes<16>(), task, sums, share, threads, first, last, gradient);
  } else {
    finish_gradient(Lanes<8>(), task, sums, share, threads, first, last, gradient);
  }
}

}  // namespace
}  // namespace revnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace revnet::kernels {

HWY_EXPORT(Convolve);
HWY_EXPORT(AddGradient);
HWY_EXPORT(TransformFilters);
HWY_EXPORT(FinishGradient);

namespace {

// Tiles of a unit. Of a convolution: its tiles before and after the products stay in the first-level cache.
// Of a weight gradient: more, since all of its sums are read and written for every unit.
constexpr std::int64_t convolution_tiles = 8, gradient_tiles = 16;

// Scratch memory of one thread: a strip of either side, and the transformed tiles of both.
struct Share {
  std::size_t strip, in, out;
  std::size_t total() const { return strip + in + out; }
};

Share share_of(const TileUnits& units, std::int64_t in, std::int64_t out) {
  constexpr std::int64_t most_rows = 8;  // of any product_rows
  const TileUnits::Unit unit = units.largest();
  const std::int64_t tiles = (units.tiles_of(unit) + most_rows - 1) / most_rows * most_rows;
  const auto transformed = [&](std::int64_t channels) {
    return whole_lines(points * point_stride(tiles, channels));
  };
  const std::int64_t pixels = unit.images * (4 * unit.rows + 2) * (4 * units.tile_columns() + 2);
  return {whole_lines(pixels * std::max(in, out)), transformed(in), transformed(out)};
}

std::size_t transformed_filters(std::int64_t in, std::int64_t out) {
  return whole_lines(points * in * out);
}

}  // namespace

Winograd::Winograd(const Images& images, std::int64_t in, std::int64_t out)
    : images_(images),
      in_(in),
      out_(out),
      units_(images, convolution_tiles),
      gradient_units_(images, gradient_tiles) {
  if ((images.block != 8 && images.block != 16) || in % images.block != 0 || out % images.block != 0) {
    throw std::logic_error("Winograd: channels must come in blocks of 8 or 16");
  }
}

std::size_t Winograd::scratch_floats(int threads) const {
  const Share convolution = share_of(units_, in_, out_), gradient = share_of(gradient_units_, in_, out_);
  const std::size_t filters = transformed_filters(in_, out_), all = static_cast<std::size_t>(threads);
  // Filters are shared by all threads when they are read, and summed by each when their gradient is.
  return std::max(filters + all * convolution.total(), all * (filters + gradient.total()));
}

void Winograd::convolve(const Source& source, const float* weights, bool transposed, const Sink& sink,
                        float* scratch) const {
  const FilterTask filters{weights, in_, out_, images_.block, transposed};
  float* const transformed = scratch;
  float* const shares = scratch + transformed_filters(in_, out_);
  const ConvolutionTask task{units_, source, transformed, sink, filters.depth(), filters.columns()};
  const Share share = share_of(units_, task.depth, task.columns);
#pragma omp parallel
  {
    const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
    const auto [first_row, last_row] = range_of(filters.depth(), thread, threads);
    HWY_DYNAMIC_DISPATCH(TransformFilters)(filters, first_row, last_row, transformed);
#pragma omp barrier
    const auto [first, last] = range_of(units_.count(), thread, threads);
    float* const own = shares + static_cast<std::size_t>(thread) * share.total();
    HWY_DYNAMIC_DISPATCH(Convolve)(task, first, last, own, own + share.strip, own + share.strip + share.in);
  }
}

void Winograd::forward(const Source& source, const float* weights, const Sink& sink, float* scratch) const {
  convolve(source, weights, false, sink, scratch);
}

void Winograd::backward_data(const Source& source, const float* weights, const Sink& sink,
                             float* scratch) const {
  convolve(source, weights, true, sink, scratch);
}

void Winograd::backward_weights(const Source& input, const Source& diff, float* diff_weights,
                                float* scratch) const {
  const WeightGradientTask task{gradient_units_, input, diff, in_, out_};
  const FilterTask filters{nullptr, in_, out_, images_.block, false};
  const Share share = share_of(gradient_units_, in_, out_);
  const std::size_t sums = transformed_filters(in_, out_);
#pragma omp parallel
  {
    const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
    float* const own_sums = scratch + static_cast<std::size_t>(thread) * sums;
    float* const own =
        scratch + static_cast<std::size_t>(threads) * sums + static_cast<std::size_t>(thread) * share.total();
    const auto [first, last] = range_of(gradient_units_.count(), thread, threads);
    HWY_DYNAMIC_DISPATCH(AddGradient)
    (task, first, last, own, own + share.strip, own + share.strip + share.in, own_sums);
#pragma omp barrier
    const auto [first_row, last_row] = range_of(in_, thread, threads);
    HWY_DYNAMIC_DISPATCH(FinishGradient)
    (filters, scratch, static_cast<std::int64_t>(sums), threads, first_row, last_row, diff_weights);
  }
}

}  // namespace revnet::kernels
#endif  // HWY_ONCE
