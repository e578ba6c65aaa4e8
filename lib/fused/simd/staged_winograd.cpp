#include "fused/simd/staged_winograd.h"

#include <algorithm>

#include "fused/simd/filters.h"
#include "fused/simd/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fused/simd/staged_winograd.cpp"
#include <hwy/foreach_target.h>
// These come after foreach_target.h: lanes-inl.h says why.
#include "fused/simd/filters-inl.h"
#include "fused/simd/product-inl.h"
#include "fused/simd/tiles-inl.h"

#ifndef REVNET_SIMD_STAGED_WINOGRAD_TASK
#define REVNET_SIMD_STAGED_WINOGRAD_TASK
namespace revnet::simd {

// Consecutive work blocks, whose tiles form one matrix [tiles][channels] for each point.
struct Group {
  const TileWork& work;
  Range blocks;

  std::int64_t tiles_before(std::int64_t index) const {
    std::int64_t tiles = 0;
    for (std::int64_t i = blocks.first; i < index; ++i) tiles += work.tiles_of(work.at(i));
    return tiles;
  }
  std::int64_t tiles() const { return tiles_before(blocks.last); }
  // The work blocks that a thread transforms.
  Range share_of(const Thread& thread) const {
    const Range share = thread.range_of(blocks.last - blocks.first);
    return {blocks.first + share.first, blocks.first + share.last};
  }
};

// A tensor that is read in tiles: overlapping ones of 6x6 pixels, or those of 4x4 pixels that a gradient by
// the weights needs.
struct TileSource {
  const Source& source;
  std::int64_t channels;
  bool overlaps;
};

// One product for each point. Each is computed in several parts, so that many threads have something to do.
struct ProductTask {
  std::int64_t block;
  std::int64_t tiles, depth, columns;  // depth: channels read; columns: channels written
  const float* filters;                // transformed: [36][depth][columns], point_stride apart
  float *from, *to;                    // [36][tiles][depth] and [36][tiles][columns], point_stride apart
};

inline constexpr std::int64_t parts = 4;

}  // namespace revnet::simd
#endif

HWY_BEFORE_NAMESPACE();
namespace revnet::simd::HWY_NAMESPACE {
namespace {

// One part of `things`, in multiples of `step` but for the last.
Range part_of(std::int64_t things, std::int64_t part, std::int64_t step) {
  const std::int64_t steps = (things + step - 1) / step;
  return {steps * part / parts * step, std::min(things, steps * (part + 1) / parts * step)};
}

// Calls f(index, work block, first tile) for `range` of the work blocks of a group.
template <class F>
void for_blocks(const Group& group, const Range& range, const F& f) {
  std::int64_t tile = group.tiles_before(range.first);
  for (std::int64_t index = range.first; index < range.last; ++index) {
    const TileWork::WorkBlock work_block = group.work.at(index);
    f(index, work_block, tile);
    tile += group.work.tiles_of(work_block);
  }
}

template <class D>
void transform(D d, const Group& group, const TileSource& from, const Range& range, float* strip_memory,
               float* to) {
  const Strip strip(group.work, from.channels, strip_memory);
  const std::int64_t tiles = padded_tiles(group.tiles()),
                     pair_floats = pair_points * point_stride(tiles, from.channels);
  for_blocks(group, range, [&](std::int64_t, const TileWork::WorkBlock& work_block, std::int64_t tile) {
    fill(d, strip, work_block, false, group.work.images(), from.source);
    for_pairs([&](auto pair) HWY_ATTR {
      float* const first = to + pair * pair_floats + tile * from.channels;
      if (from.overlaps) {
        transform_overlapping_tiles<pair>(d, strip, work_block, tiles, first);
      } else {
        transform_separate_tiles<pair>(d, strip, work_block, tiles, first);
      }
    });
  });
}

// A part of a point's product: some of its tiles.
template <class D>
void multiply_part(D d, const ProductTask& task, std::int64_t point, std::int64_t part) {
  const std::int64_t tiles = padded_tiles(task.tiles);
  const Range rows = part_of(tiles, part, product_rows);
  float* const from = task.from + point * point_stride(tiles, task.depth);
  if (rows.last == tiles) std::fill(from + task.tiles * task.depth, from + tiles * task.depth, 0.0f);
  multiply(d, from + rows.first * task.depth, rows.last - rows.first, task.depth,
           task.filters + point * point_stride(task.depth, task.columns), task.columns,
           task.to + point * point_stride(tiles, task.columns) + rows.first * task.columns);
}

// A part of a point's weight gradient, [in][out]: some of its rows. It multiplies what a product of
// the input gradient reads by `inputs`, and continues the sums of earlier groups unless this is the first.
template <class D>
void accumulate_part(D d, const ProductTask& task, const float* inputs, bool is_first, std::int64_t point,
                     std::int64_t part, float* sums) {
  const std::int64_t tiles = padded_tiles(task.tiles), in = task.columns, out = task.depth;
  const Range rows = part_of(in, part, most_product_rows);
  float* const to = sums + point * point_stride(in, out) + rows.first * out;
  if (is_first) std::fill(to, to + (rows.last - rows.first) * out, 0.0f);
  accumulate(d, inputs + point * point_stride(tiles, in) + rows.first, in, rows.last - rows.first, task.tiles,
             task.from + point * point_stride(tiles, out), out, to);
}

template <class D>
void write(D d, const Group& group, const Sink& sink, std::int64_t channels, const Range& range,
           const float* products, float* kept) {
  const std::int64_t tiles = padded_tiles(group.tiles()),
                     pair_floats = pair_points * point_stride(tiles, channels);
  for_blocks(group, range, [&](std::int64_t index, const TileWork::WorkBlock& work_block, std::int64_t tile) {
    const std::int64_t count = group.work.tiles_of(work_block);
    const float* const first = products + tile * channels;
    keep_pair<0>(d, count, channels, tiles, first, kept);
    keep_pair<1>(d, count, channels, tiles, first + pair_floats, kept);
    with_form(sink.form, [&](auto form) HWY_ATTR {
      write_tiles<form>(d, sink, group.work, index, channels, tiles, first + 2 * pair_floats, kept);
    });
  });
}

void TransformTiles(const Group& group, const TileSource& from, const Range& range, float* strip, float* to) {
  with_block(group.work.images().block,
             [&](auto block) HWY_ATTR { transform(Lanes<block>(), group, from, range, strip, to); });
}

void Multiply(const ProductTask& task, const Range& range) {
  with_block(task.block, [&](auto block) HWY_ATTR {
    for (std::int64_t i = range.first; i < range.last; ++i) {
      multiply_part(Lanes<block>(), task, i / parts, i % parts);
    }
  });
}

void Accumulate(const ProductTask& task, const float* inputs, bool is_first, const Range& range,
                float* sums) {
  with_block(task.block, [&](auto block) HWY_ATTR {
    for (std::int64_t i = range.first; i < range.last; ++i) {
      accumulate_part(Lanes<block>(), task, inputs, is_first, i / parts, i % parts, sums);
    }
  });
}

void WriteTiles(const Group& group, const Sink& sink, std::int64_t channels, const Range& range,
                const float* products, float* kept) {
  with_block(group.work.images().block, [&](auto block) HWY_ATTR {
    write(Lanes<block>(), group, sink, channels, range, products, kept);
  });
}

}  // namespace
}  // namespace revnet::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace revnet::simd {

HWY_EXPORT(TransformTiles);
HWY_EXPORT(Multiply);
HWY_EXPORT(Accumulate);
HWY_EXPORT(WriteTiles);
HWY_EXPORT(TransformFilters);
HWY_EXPORT(FinishGradient);

namespace {

// Few enough that a work block's strip stays in the second-level cache.
constexpr std::int64_t block_tiles = 8;
// Enough to pay for reading the filters; half as many took up to an eighth longer.
constexpr std::int64_t group_tiles = 256;

std::int64_t blocks_together(const TileWork& work) {
  const std::int64_t blocks = group_tiles / work.tiles_of(work.largest());
  return std::clamp<std::int64_t>(blocks, 1, work.count());
}

std::int64_t transformed_floats(std::int64_t tiles, std::int64_t channels) {
  return points * point_stride(most_padded_tiles(tiles), channels);
}

}  // namespace

StagedWinograd::StagedWinograd(const Images& images, std::int64_t in, std::int64_t out)
    : in_(in),
      out_(out),
      work_(images, block_tiles),
      together_(blocks_together(work_)),
      filters_(plan_.common(points * point_stride(in, out))),
      sums_(plan_.common(points * point_stride(in, out))),
      inputs_(plan_.common(transformed_floats(together_ * work_.tiles_of(work_.largest()), in))),
      outputs_(plan_.common(transformed_floats(together_ * work_.tiles_of(work_.largest()), out))),
      strip_(plan_.per_thread(work_.strip_floats(std::max(in, out)))),
      kept_(plan_.per_thread(kept_points * work_.tiles_of(work_.largest()) * std::max(in, out))) {
  require_blocks("StagedWinograd", images.block, in, out);
}

void StagedWinograd::forward(const Source& source, const float* weights, const Sink& sink, float* scratch,
                             int threads) const {
  float *const filters = plan_.at(scratch, filters_), *const inputs = plan_.at(scratch, inputs_),
               *const outputs = plan_.at(scratch, outputs_);
  const FilterTask filter_task{weights, in_, out_, work_.images().block, false};
  for_threads(threads, [&](const Thread& thread) {
    float *const strip = plan_.at(scratch, strip_, thread.index), *const kept =
                                                                      plan_.at(scratch, kept_, thread.index);
    HWY_DYNAMIC_DISPATCH(TransformFilters)(filter_task, thread.range_of(filter_task.depth()), filters);
    for (std::int64_t first = 0; first < work_.count(); first += together_) {
      const Group group{work_, {first, std::min(first + together_, work_.count())}};
      const Range share = group.share_of(thread);
      HWY_DYNAMIC_DISPATCH(TransformTiles)(group, {source, in_, true}, share, strip, inputs);
      thread.barrier();
      HWY_DYNAMIC_DISPATCH(Multiply)
      ({filter_task.block, group.tiles(), in_, out_, filters, inputs, outputs},
       thread.range_of(points * parts));
      thread.barrier();
      HWY_DYNAMIC_DISPATCH(WriteTiles)(group, sink, out_, share, outputs, kept);
      // No barrier: the next group's tiles go to `inputs`, which no thread reads any more.
    }
  });
}

void StagedWinograd::backward(const Source& input, const Source& diff, const float* weights, const Sink& sink,
                              float* diff_weights, float* scratch, int threads) const {
  float *const filters = plan_.at(scratch, filters_), *const sums = plan_.at(scratch, sums_),
               *const inputs = plan_.at(scratch, inputs_), *const diffs = plan_.at(scratch, outputs_);
  const FilterTask filter_task{weights, in_, out_, work_.images().block, true};
  for_threads(threads, [&](const Thread& thread) {
    float *const strip = plan_.at(scratch, strip_, thread.index), *const kept =
                                                                      plan_.at(scratch, kept_, thread.index);
    const Range products = thread.range_of(points * parts);
    HWY_DYNAMIC_DISPATCH(TransformFilters)(filter_task, thread.range_of(filter_task.depth()), filters);
    for (std::int64_t first = 0; first < work_.count(); first += together_) {
      const Group group{work_, {first, std::min(first + together_, work_.count())}};
      const Range share = group.share_of(thread);
      HWY_DYNAMIC_DISPATCH(TransformTiles)(group, {diff, out_, true}, share, strip, diffs);
      HWY_DYNAMIC_DISPATCH(TransformTiles)(group, {input, in_, false}, share, strip, inputs);
      thread.barrier();
      // The inputs have then been used, so their memory can take the products.
      const ProductTask task{filter_task.block, group.tiles(), out_, in_, filters, diffs, inputs};
      HWY_DYNAMIC_DISPATCH(Accumulate)(task, inputs, first == 0, products, sums);
      thread.barrier();
      HWY_DYNAMIC_DISPATCH(Multiply)(task, products);
      thread.barrier();
      HWY_DYNAMIC_DISPATCH(WriteTiles)(group, sink, in_, share, inputs, kept);
      // The next group's tiles take the memory of the products.
      thread.barrier();
    }
    HWY_DYNAMIC_DISPATCH(FinishGradient)
    (filter_task, {sums, 0, 1}, thread.range_of(in_), diff_weights);
  });
}

}  // namespace revnet::simd
#endif  // HWY_ONCE
