#include "fused/simd/winograd.h"

#include <algorithm>

#include "fused/simd/filters.h"
#include "fused/simd/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fused/simd/winograd.cpp"
#include <hwy/foreach_target.h>
// These come after foreach_target.h: lanes-inl.h says why.
#include "fused/simd/filters-inl.h"
#include "fused/simd/product-inl.h"
#include "fused/simd/tiles-inl.h"

#ifndef REVNET_SIMD_WINOGRAD_TASK
#define REVNET_SIMD_WINOGRAD_TASK
namespace revnet::simd {

// A convolution as its threads see it.
struct ConvolutionTask {
  const TileWork& work;
  Source source;
  const float* filters;  // transformed: [36][depth][columns], point_stride apart
  Sink sink;
  std::int64_t depth, columns;  // channels read and written
};

// The input gradient is a convolution; the weight gradient needs the input as well.
struct GradientTask {
  ConvolutionTask data;
  Source input;
};

// Scratch memory of one thread.
struct ThreadScratch {
  float *strip, *input_strip;  // the second is for gradients, which read the convolution's input as well
  // Two rows of a work block's transformed tiles: of the convolution's input or of the gradient of its input,
  // and of its output or of the gradient of its output.
  float *in, *out;
  float* kept;  // what keep_pair stores of earlier pairs
  float* sums;
};

}  // namespace revnet::simd
#endif

HWY_BEFORE_NAMESPACE();
namespace revnet::simd::HWY_NAMESPACE {
namespace {

// Returns one point's matrix [tiles][channels] after clearing the rows past the last of `count` tiles.
float* matrix_of(float* transformed, std::int64_t point, std::int64_t count, std::int64_t tiles,
                 std::int64_t channels) {
  float* const matrix = transformed + point * point_stride(tiles, channels);
  std::fill(matrix + count * channels, matrix + tiles * channels, 0.0f);
  return matrix;
}

// Whether the strip still holds the rows that this work block shares with the one above it.
bool follows(const TileWork::WorkBlock& work_block, std::int64_t index, const Range& range) {
  return index > range.first && work_block.first_row > 0;
}

// Convolves the work blocks of a range.
template <class D>
void convolve(D d, const ConvolutionTask& task, const Range& range, const ThreadScratch& scratch) {
  const Strip strip(task.work, task.depth, scratch.strip);
  for (std::int64_t index = range.first; index < range.last; ++index) {
    const TileWork::WorkBlock work_block = task.work.at(index);
    const std::int64_t count = task.work.tiles_of(work_block), tiles = padded_tiles(count);
    fill(d, strip, work_block, follows(work_block, index, range), task.work.images(), task.source);
    const TileWork::WorkBlock next = task.work.at(std::min(index + 1, range.last - 1));
    Prefetchers ahead{{prefetch_rows(task.work, work_block, task.columns, task.sink.values),
                       prefetch_rows(task.work, work_block, task.columns,
                                     task.sink.addend == task.sink.values ? nullptr : task.sink.addend),
                       prefetch_strip(task.work, next, task.depth, task.source.values)}};
    for_pairs([&](auto pair) HWY_ATTR {
      transform_overlapping_tiles<pair>(d, strip, work_block, tiles, scratch.in);
      const float* filters = task.filters + pair * pair_points * point_stride(task.depth, task.columns);
      for (std::int64_t point = 0; point < pair_points; ++point) {
        ahead.fetch();
        const float* rows = matrix_of(scratch.in, point, count, tiles, task.depth);
        multiply(d, rows, tiles, task.depth, filters + point * point_stride(task.depth, task.columns),
                 task.columns, scratch.out + point * point_stride(tiles, task.columns));
      }
      if (pair < 2) keep_pair<pair>(d, count, task.columns, tiles, scratch.out, scratch.kept);
    });
    with_form(task.sink.form, [&](auto form) HWY_ATTR {
      write_tiles<form>(d, task.sink, task.work, index, task.columns, tiles, scratch.out, scratch.kept);
    });
  }
}

// The input gradient and the weight gradient share the transformed output gradient: B^T dy B is multiplied
// both by the transposed filters and by A x A^T, where x is the input in tiles that do not overlap.
template <class D>
void add_gradients(D d, const GradientTask& task, const Range& range, const ThreadScratch& scratch) {
  const ConvolutionTask& data = task.data;
  const TileWork& work = data.work;
  const std::int64_t in = data.columns, out = data.depth;
  std::fill(scratch.sums, scratch.sums + points * point_stride(in, out), 0.0f);
  const Strip strip(work, out, scratch.strip), input_strip(work, in, scratch.input_strip);
  for (std::int64_t index = range.first; index < range.last; ++index) {
    const TileWork::WorkBlock work_block = work.at(index);
    const std::int64_t count = work.tiles_of(work_block), tiles = padded_tiles(count);
    fill(d, strip, work_block, follows(work_block, index, range), work.images(), data.source);
    fill(d, input_strip, work_block, follows(work_block, index, range), work.images(), task.input);
    const TileWork::WorkBlock next = work.at(std::min(index + 1, range.last - 1));
    Prefetchers ahead{{prefetch_rows(work, work_block, in, data.sink.values),
                       prefetch_strip(work, next, in, task.input.values),
                       prefetch_strip(work, next, out, data.source.values),
                       prefetch_strip(work, next, out, data.source.input)}};
    for_pairs([&](auto pair) HWY_ATTR {
      transform_overlapping_tiles<pair>(d, strip, work_block, tiles, scratch.out);
      transform_separate_tiles<pair>(d, input_strip, work_block, tiles, scratch.in);
      for (std::int64_t point = 0; point < pair_points; ++point) {
        ahead.fetch();
        const float* diffs = matrix_of(scratch.out, point, count, tiles, out);
        float* inputs = scratch.in + point * point_stride(tiles, in);
        const std::int64_t matrix = (pair * pair_points + point) * point_stride(in, out);
        accumulate(d, inputs, in, in, count, diffs, out, scratch.sums + matrix);
        // `inputs` has been used, so its memory can take the result.
        multiply(d, diffs, tiles, out, data.filters + matrix, in, inputs);
      }
      if (pair < 2) keep_pair<pair>(d, count, in, tiles, scratch.in, scratch.kept);
    });
    with_form(data.sink.form, [&](auto form) HWY_ATTR {
      write_tiles<form>(d, data.sink, work, index, in, tiles, scratch.in, scratch.kept);
    });
  }
}

void Convolve(const ConvolutionTask& task, const Range& range, const ThreadScratch& scratch) {
  with_block(task.work.images().block,
             [&](auto block) HWY_ATTR { convolve(Lanes<block>(), task, range, scratch); });
}

void AddGradients(const GradientTask& task, const Range& range, const ThreadScratch& scratch) {
  with_block(task.data.work.images().block,
             [&](auto block) HWY_ATTR { add_gradients(Lanes<block>(), task, range, scratch); });
}

}  // namespace
}  // namespace revnet::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace revnet::simd {

HWY_EXPORT(Convolve);
HWY_EXPORT(AddGradients);
HWY_EXPORT(TransformFilters);
HWY_EXPORT(FinishGradient);

namespace {

// The numbers of tiles per work block are the fastest that we measured. Blocks of 8 channels mean AVX2, where
// a work block must be large enough to pay for reading the filters, and products are fastest with multiples
// of 12 rows. Compared with 8 tiles, 64 channels take a seventh less time, 56 a tenth, 32 a twentieth.
std::int64_t tiles_in_blocks_of_8(std::int64_t in, std::int64_t out) {
  return in * out > std::int64_t{32} * 32 ? 24 : 16;
}
// With blocks of 16 channels, 8 tiles are few enough that the tiles before and after the products stay in the
// first-level cache.
std::int64_t convolution_tiles(std::int64_t block, std::int64_t in, std::int64_t out) {
  return block == 8 ? tiles_in_blocks_of_8(in, out) : 8;
}
// Gradients take more tiles, because every work block reads and writes all sums. With many channels, however,
// that many tiles, the filters and the sums do not fit in the second-level cache together: 64 channels take a
// tenth less time with 8 tiles.
std::int64_t gradient_tiles(std::int64_t block, std::int64_t in, std::int64_t out) {
  if (block == 8) return tiles_in_blocks_of_8(in, out);
  return in * out >= std::int64_t{64} * 64 ? 8 : 16;
}

// The size of two rows of a work block's transformed tiles.
std::int64_t transformed_floats(const TileWork& work, std::int64_t channels) {
  return pair_points * point_stride(most_padded_tiles(work.tiles_of(work.largest())), channels);
}

}  // namespace

Winograd::Direction::Direction(const TileWork& work, std::int64_t in, std::int64_t out, bool gradients)
    : work(work),
      filters(plan.common(points * point_stride(in, out))),
      sums(plan.per_thread(gradients ? points * point_stride(in, out) : 0)),
      strip(plan.per_thread(work.strip_floats(gradients ? out : in))),
      input_strip(plan.per_thread(gradients ? work.strip_floats(in) : 0)),
      tiles_in(plan.per_thread(transformed_floats(work, in))),
      tiles_out(plan.per_thread(transformed_floats(work, out))),
      kept(plan.per_thread(kept_points * work.tiles_of(work.largest()) * (gradients ? in : out))) {}

ThreadScratch Winograd::Direction::of_thread(int thread, float* scratch) const {
  return {plan.at(scratch, strip, thread),    plan.at(scratch, input_strip, thread),
          plan.at(scratch, tiles_in, thread), plan.at(scratch, tiles_out, thread),
          plan.at(scratch, kept, thread),     plan.at(scratch, sums, thread)};
}

Winograd::Winograd(const Images& images, std::int64_t in, std::int64_t out)
    : in_(in),
      out_(out),
      forward_(TileWork(images, convolution_tiles(images.block, in, out)), in, out, false),
      backward_(TileWork(images, gradient_tiles(images.block, in, out)), in, out, true) {
  require_blocks("Winograd", images.block, in, out);
}

std::size_t Winograd::scratch_floats(int threads) const {
  return std::max(forward_.plan.floats(threads), backward_.plan.floats(threads));
}

void Winograd::forward(const Source& source, const float* weights, const Sink& sink, float* scratch,
                       int threads) const {
  float* const filters = forward_.plan.at(scratch, forward_.filters);
  const FilterTask filter_task{weights, in_, out_, forward_.work.images().block, false};
  const ConvolutionTask task{forward_.work, source, filters, sink, in_, out_};
  for_threads(threads, [&](const Thread& thread) {
    HWY_DYNAMIC_DISPATCH(TransformFilters)(filter_task, thread.range_of(filter_task.depth()), filters);
    thread.barrier();
    HWY_DYNAMIC_DISPATCH(Convolve)
    (task, thread.range_of(forward_.work.count()), forward_.of_thread(thread.index, scratch));
  });
}

void Winograd::backward(const Source& input, const Source& diff, const float* weights, const Sink& sink,
                        float* diff_weights, float* scratch, int threads) const {
  float* const filters = backward_.plan.at(scratch, backward_.filters);
  const FilterTask filter_task{weights, in_, out_, backward_.work.images().block, true};
  const GradientTask task{{backward_.work, diff, filters, sink, out_, in_}, input};
  for_threads(threads, [&](const Thread& thread) {
    HWY_DYNAMIC_DISPATCH(TransformFilters)(filter_task, thread.range_of(filter_task.depth()), filters);
    thread.barrier();
    HWY_DYNAMIC_DISPATCH(AddGradients)
    (task, thread.range_of(backward_.work.count()), backward_.of_thread(thread.index, scratch));
    thread.barrier();
    HWY_DYNAMIC_DISPATCH(FinishGradient)
    (filter_task, backward_.plan.sums(scratch, backward_.sums, thread.count), thread.range_of(in_),
     diff_weights);
  });
}

}  // namespace revnet::simd
#endif  // HWY_ONCE
