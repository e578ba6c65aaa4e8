#include "kernels/winograd.h"

#include <algorithm>
#include <stdexcept>

#include <omp.h>

#include "kernels/filters.h"
#include "kernels/shares.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/winograd.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "kernels/filters-inl.h"
#include "kernels/product-inl.h"
#include "kernels/tiles-inl.h"

#ifndef REVNET_KERNELS_WINOGRAD_TASK
#define REVNET_KERNELS_WINOGRAD_TASK
namespace revnet::kernels {

// What a thread needs to know of one convolution.
struct ConvolutionTask {
  const TileUnits& units;
  Source source;
  const float* filters;  // transformed: [36][in][out]
  Sink sink;
  std::int64_t in, out;
};

// And of both of its gradients.
struct GradientTask {
  const TileUnits& units;
  Source input, diff;
  const float* filters;  // transformed and transposed: [36][out][in]
  Sink sink;             // of the gradient by the input
  std::int64_t in, out;
};

// Scratch memory of one thread.
struct Scratch {
  float* strip;
  float *in, *out;  // a unit's transformed tiles on either side
};

}  // namespace revnet::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace revnet::kernels::HWY_NAMESPACE {
namespace {

// Rows of a unit's matrices, of which the last are zeros.
std::int64_t padded_tiles(std::int64_t tiles) {
  return (tiles + product_rows - 1) / product_rows * product_rows;
}

// One point's matrix [tiles][channels], the rows of no tile cleared.
float* matrix_of(float* transformed, std::int64_t point, std::int64_t count, std::int64_t tiles,
                 std::int64_t channels) {
  float* const matrix = transformed + point * point_stride(tiles, channels);
  std::fill(matrix + count * channels, matrix + tiles * channels, 0.0f);
  return matrix;
}

// Whether the strip still holds the rows shared with the unit above, so that only the rest is read.
bool follows(const TileUnits::Unit& unit, std::int64_t index, std::int64_t first) {
  return index > first && unit.first_row > 0;
}

// Units [first, last).
template <class D>
void convolve_units(D d, const ConvolutionTask& task, std::int64_t first, std::int64_t last,
                    const Scratch& scratch) {
  const Strip strip(task.units, task.in, scratch.strip);
  for (std::int64_t index = first; index < last; ++index) {
    const TileUnits::Unit unit = task.units.unit(index);
    const std::int64_t count = task.units.tiles_of(unit), tiles = padded_tiles(count);
    fill(d, strip, unit, follows(unit, index, first), task.units.images(), task.source);
    transform_strip(d, strip, unit, tiles, scratch.in);
    const TileUnits::Unit next = task.units.unit(std::min(index + 1, last - 1));
    Prefetcher streams[] = {prefetch_rows(task.units, unit, task.out, task.sink.values),
                            prefetch_rows(task.units, unit, task.out,
                                          task.sink.addend == task.sink.values ? nullptr : task.sink.addend),
                            prefetch_strip(task.units, next, task.in, task.source.values)};
    for (std::int64_t point = 0; point < points; ++point) {
      for (Prefetcher& stream : streams) stream.fetch();
      const float* rows = matrix_of(scratch.in, point, count, tiles, task.in);
      multiply(d, rows, tiles, task.in, task.filters + point * task.in * task.out, task.out,
               scratch.out + point * point_stride(tiles, task.out));
    }
    write_tiles(d, task.sink, task.units, index, task.out, tiles, scratch.out);
  }
}

// The gradients by input and by filters share the transformed gradient by the output: B^T dy B is multiplied
// with the transposed filters, and with A x A^T, the input cut into tiles that do not overlap.
template <class D>
void gradient_units(D d, const GradientTask& task, std::int64_t first, std::int64_t last,
                    const Scratch& scratch, float* sums) {
  std::fill(sums, sums + points * task.in * task.out, 0.0f);
  const Strip strip(task.units, task.out, scratch.strip);
  for (std::int64_t index = first; index < last; ++index) {
    const TileUnits::Unit unit = task.units.unit(index);
    const std::int64_t count = task.units.tiles_of(unit), tiles = padded_tiles(count);
    fill(d, strip, unit, follows(unit, index, first), task.units.images(), task.diff);
    transform_strip(d, strip, unit, tiles, scratch.out);
    transform_pixels(d, task.input, task.units, unit, task.in, tiles, scratch.in);
    const TileUnits::Unit next = task.units.unit(std::min(index + 1, last - 1));
    Prefetcher streams[] = {prefetch_rows(task.units, unit, task.in, task.sink.values),
                            prefetch_rows(task.units, next, task.in, task.input.values),
                            prefetch_strip(task.units, next, task.out, task.diff.values),
                            prefetch_strip(task.units, next, task.out, task.diff.input)};
    for (std::int64_t point = 0; point < points; ++point) {
      for (Prefetcher& stream : streams) stream.fetch();
      const float* diffs = matrix_of(scratch.out, point, count, tiles, task.out);
      float* inputs = scratch.in + point * point_stride(tiles, task.in);
      const std::int64_t matrix = point * task.in * task.out;
      accumulate(d, inputs, task.in, count, diffs, task.out, sums + matrix);
      // The inputs have served.
      multiply(d, diffs, tiles, task.out, task.filters + matrix, task.in, inputs);
    }
    write_tiles(d, task.sink, task.units, index, task.in, tiles, scratch.in);
  }
}

// Calls f with vectors as wide as the blocks allow.
template <class F>
void with_lanes(std::int64_t block, const F& f) {
  if (block == 16) {
    f(Lanes<16>());
  } else {
    f(Lanes<8>());
  }
}

void Convolve(const ConvolutionTask& task, std::int64_t first, std::int64_t last, const Scratch& scratch) {
  with_lanes(task.units.images().block, [&](auto d) { convolve_units(d, task, first, last, scratch); });
}

void AddGradients(const GradientTask& task, std::int64_t first, std::int64_t last, const Scratch& scratch,
                  float* sums) {
  with_lanes(task.units.images().block, [&](auto d) { gradient_units(d, task, first, last, scratch, sums); });
}

void TransformFilters(const FilterTask& task, std::int64_t first, std::int64_t last, float* to) {
  with_lanes(task.block, [&](auto d) { transform_filters(d, task, first, last, to); });
}

void FinishGradient(const FilterTask& task, const float* sums, std::int64_t share, int threads,
                    std::int64_t first, std::int64_t last, float* gradient) {
  with_lanes(task.block,
             [&](auto d) { finish_gradient(d, task, sums, share, threads, first, last, gradient); });
}

}  // namespace
}  // namespace revnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace revnet::kernels {

HWY_EXPORT(Convolve);
HWY_EXPORT(AddGradients);
HWY_EXPORT(TransformFilters);
HWY_EXPORT(FinishGradient);

namespace {

// Tiles of a unit, as measured. With blocks of 8 channels, which is with AVX2: enough to make up for reading
// the filters once a unit, and products are fastest with multiples of 12 rows (against 8 tiles and sums: 64
// channels take a seventh less time, 56 a tenth, 32 a twentieth).
std::int64_t tiles_in_blocks_of_8(std::int64_t in, std::int64_t out) {
  return in * out > 32 * 32 ? 24 : 16;
}
// With blocks of 16, a convolution's tiles before and after the products stay in the first-level cache.
std::int64_t convolution_tiles(std::int64_t block, std::int64_t in, std::int64_t out) {
  return block == 8 ? tiles_in_blocks_of_8(in, out) : 8;
}
// Of the gradients: more, since all sums are read and written for every unit; but with many channels so many
// tiles, the filters and the sums crowd each other out of the second-level cache (64 channels take a tenth
// less time with 8).
std::int64_t gradient_tiles(std::int64_t block, std::int64_t in, std::int64_t out) {
  if (block == 8) return tiles_in_blocks_of_8(in, out);
  return in * out >= 64 * 64 ? 8 : 16;
}

// Floats of scratch memory of one thread.
struct Share {
  std::size_t strip, in, out;
  std::size_t total() const { return strip + in + out; }
  // Of the thread that has the `index`-th share.
  Scratch at(float* shares, int index) const {
    float* const own = shares + static_cast<std::size_t>(index) * total();
    return {own, own + strip, own + strip + in};
  }
};

// strip_channels: of the side that is cut into overlapping tiles.
Share share_of(const TileUnits& units, std::int64_t in, std::int64_t out, std::int64_t strip_channels) {
  constexpr std::int64_t most_rows = 8;  // of any product_rows
  const TileUnits::Unit unit = units.largest();
  const std::int64_t tiles = (units.tiles_of(unit) + most_rows - 1) / most_rows * most_rows;
  const auto transformed = [&](std::int64_t channels) {
    return whole_lines(points * point_stride(tiles, channels));
  };
  const std::int64_t pixels = unit.images * (4 * unit.rows + 2) * (4 * units.tile_columns() + 2);
  return {whole_lines(pixels * strip_channels), transformed(in), transformed(out)};
}

std::size_t transformed_filters(std::int64_t in, std::int64_t out) {
  return whole_lines(points * in * out);
}

}  // namespace

Winograd::Winograd(const Images& images, std::int64_t in, std::int64_t out)
    : in_(in),
      out_(out),
      forward_units_(images, convolution_tiles(images.block, in, out)),
      backward_units_(images, gradient_tiles(images.block, in, out)) {
  if ((images.block != 8 && images.block != 16) || in % images.block != 0 || out % images.block != 0) {
    throw std::logic_error("Winograd: channels must come in blocks of 8 or 16");
  }
}

std::size_t Winograd::scratch_floats(int threads) const {
  const std::size_t filters = transformed_filters(in_, out_), all = static_cast<std::size_t>(threads);
  return filters + all * std::max(share_of(forward_units_, in_, out_, in_).total(),
                                  filters + share_of(backward_units_, in_, out_, out_).total());
}

void Winograd::forward(const Source& source, const float* weights, const Sink& sink, float* scratch) const {
  const FilterTask filters{weights, in_, out_, forward_units_.images().block, false};
  float* const shares = scratch + transformed_filters(in_, out_);
  const ConvolutionTask task{forward_units_, source, scratch, sink, in_, out_};
  const Share share = share_of(forward_units_, in_, out_, in_);
#pragma omp parallel
  {
    const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
    const auto [first_row, last_row] = range_of(filters.depth(), thread, threads);
    HWY_DYNAMIC_DISPATCH(TransformFilters)(filters, first_row, last_row, scratch);
#pragma omp barrier
    const auto [first, last] = range_of(forward_units_.count(), thread, threads);
    HWY_DYNAMIC_DISPATCH(Convolve)(task, first, last, share.at(shares, thread));
  }
}

void Winograd::backward(const Source& input, const Source& diff, const float* weights, const Sink& sink,
                        float* diff_weights, float* scratch) const {
  const FilterTask filters{weights, in_, out_, backward_units_.images().block, true};
  const GradientTask task{backward_units_, input, diff, scratch, sink, in_, out_};
  const Share share = share_of(backward_units_, in_, out_, out_);
  const std::size_t matrices = transformed_filters(in_, out_);
  float* const all_sums = scratch + matrices;  // a share each
#pragma omp parallel
  {
    const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
    const auto [first_depth, last_depth] = range_of(filters.depth(), thread, threads);
    HWY_DYNAMIC_DISPATCH(TransformFilters)(filters, first_depth, last_depth, scratch);
#pragma omp barrier
    float* const shares = all_sums + static_cast<std::size_t>(threads) * matrices;
    const auto [first, last] = range_of(backward_units_.count(), thread, threads);
    HWY_DYNAMIC_DISPATCH(AddGradients)
    (task, first, last, share.at(shares, thread), all_sums + static_cast<std::size_t>(thread) * matrices);
#pragma omp barrier
    const auto [first_row, last_row] = range_of(in_, thread, threads);
    HWY_DYNAMIC_DISPATCH(FinishGradient)
    (filters, all_sums, static_cast<std::int64_t>(matrices), threads, first_row, last_row, diff_weights);
  }
}

}  // namespace revnet::kernels
#endif  // HWY_ONCE
