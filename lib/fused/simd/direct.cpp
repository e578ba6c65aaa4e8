#include "fused/simd/direct.h"

#include <algorithm>
#include <span>

#include "fused/simd/filters.h"
#include "fused/simd/parallel.h"
#include "fused/simd/patch.h"
#include "fused/simd/result_table.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fused/simd/direct.cpp"
#include <hwy/foreach_target.h>
// These come after foreach_target.h: lanes-inl.h says why.
#include "fused/simd/patches-inl.h"
#include "fused/simd/weights-inl.h"

#ifndef REVNET_SIMD_DIRECT_TASK
#define REVNET_SIMD_DIRECT_TASK
namespace revnet::simd {

struct DirectTask {
  const Stencil& stencil;
  const AnchorWork& work;
  std::span<const ResultTable> tables;
  Source source;
  const float* filters;  // in panels of columns, each [taps by phase][depth][columns of it]
  Sink sink;
  std::int64_t taps;
  std::int64_t depth, columns;  // channels read and written
};

// The input gradient, as a convolution, and what the weight gradient needs besides.
struct DirectGradientTask {
  DirectTask data;
  const Stencil& stencil;  // of the convolution itself
  Source input;
};

// How weights are packed: their taps in the order of the phases.
struct DirectFilterTask {
  FilterTask filter;
  const Stencil& stencil;
  std::int64_t taps;
};

}  // namespace revnet::simd
#endif

HWY_BEFORE_NAMESPACE();
namespace revnet::simd::HWY_NAMESPACE {
namespace {

using WorkBlock = AnchorWork::WorkBlock;
static_assert(tall_rows <= static_cast<int>(spare_results) + 1);

// All results of a work block in a panel of columns.
template <Sink::Form form, int vectors, class D>
void write_columns(D d, const DirectTask& task, std::int64_t index, const Patch& patch, std::int64_t column,
                   Prefetchers& ahead) {
  constexpr std::int64_t lanes = width_of<D>;
  const WorkBlock work_block = task.work.at(index);
  const std::int64_t first = first_result(task.stencil, work_block, task.columns);
  // With a single vector, only the first writes.
  Writer<form, D> writers[2] = {{d, task.sink, column}, {d, task.sink, column + (vectors - 1) * lanes}};
  std::int64_t channel[vectors];
  for (int v = 0; v < vectors; ++v) {
    channel[v] = first + task.stencil.to.offset(task.columns, 0, column + v * lanes);
  }
  const float* panel = task.filters + column * task.taps * task.depth;
  for (const ResultTable& table : task.tables) {
    const std::int64_t count = result_count(task.stencil, table, work_block);
    for (std::int64_t i = 0; i < count; i += tall_rows) {
      multiply_taps<tall_rows, vectors>(
          d, patch.values, table.from.data() + i, table.taps, task.depth, panel,
          [&](int v, int r, auto value) HWY_ATTR {
            if (i + r < count)
              writers[v].write(d, value, channel[v] + table.to[static_cast<std::size_t>(i + r)]);
          });
      ahead.fetch();
    }
    panel += static_cast<std::int64_t>(table.taps.size()) * task.depth * vectors * lanes;
  }
  for (int v = 0; v < vectors; ++v) writers[v].finish(d, index, column + v * lanes, task.columns);
}

template <class D>
void write_work_block(D d, const DirectTask& task, std::int64_t index, const Patch& patch,
                      Prefetchers& ahead) {
  with_form(task.sink.form, [&](auto form) HWY_ATTR {
    for_pairs_of_vectors(d, task.columns, [&](auto vectors, std::int64_t column) HWY_ATTR {
      write_columns<form, vectors>(d, task, index, patch, column, ahead);
    });
  });
}

// How often the products of a work block leave time to fetch something.
template <class D>
std::int64_t pauses_of(D, const DirectTask& task, const WorkBlock& work_block) {
  const std::int64_t anchors = work_block.images * work_block.rows * task.stencil.anchors.width,
                     phases = task.stencil.step * task.stencil.step;
  return std::max<std::int64_t>(1, anchors / tall_rows * phases * task.columns / (2 * width_of<D>));
}

// The work blocks of a range.
template <class D>
void convolve(D d, const DirectTask& task, const Range& range, float* copy) {
  const Patch patch(task.stencil, task.work, task.depth, copy);
  patch.clear();
  for (std::int64_t index = range.first; index < range.last; ++index) {
    const WorkBlock work_block = task.work.at(index),
                    next = task.work.at(std::min(index + 1, range.last - 1));
    fill(d, patch, task.stencil, work_block, task.source);
    const std::int64_t pauses = pauses_of(d, task, work_block);
    Prefetchers ahead{
        {prefetch_source(task.stencil, task.depth, task.source.values, next, pauses),
         prefetch_results(task.stencil, task.columns, task.sink.values, next, pauses),
         prefetch_results(task.stencil, task.columns,
                          task.sink.addend == task.sink.values ? nullptr : task.sink.addend, next, pauses)}};
    write_work_block(d, task, index, patch, ahead);
  }
}

// sums [taps][in][out] += the products of what the taps read of the input with the output gradient.
template <class D>
void add_weight_gradient(D d, const DirectGradientTask& task, const WorkBlock& work_block, const Patch& input,
                         const Patch& diff, float* sums) {
  const std::int64_t in = input.channels, out = diff.channels, width = task.data.stencil.anchors.width;
  for_pairs_of_vectors(d, out, [&](auto vectors, std::int64_t column) HWY_ATTR {
    const PixelGrid with{diff.anchor(0, 0, 0) + column, diff.image_floats(), diff.stride * diff.row_floats(),
                         diff.stride * out};
    for (const Stencil::Tap& tap : task.stencil.phases[0].taps) {
      const float* const first = input.anchor(0, 0, 0) + input.offset(tap);
      float* const to = sums + tap.filter * in * out + column;
      for_rows<vectors>(in, [&](auto count, std::int64_t i) HWY_ATTR {
        const PixelGrid from{first + i, input.image_floats(), input.stride * input.row_floats(),
                             input.stride * in};
        accumulate_grid<count, vectors>(d, from, with, work_block, width, to + i * out, out);
      });
    }
  });
}

// Both gradients take the copy of the output gradient.
template <class D>
void add_gradients(D d, const DirectGradientTask& task, const Range& range, float* input_copy,
                   float* diff_copy, float* sums) {
  const DirectTask& data = task.data;
  const Patch input(task.stencil, data.work, data.columns, input_copy),
      diff(data.stencil, data.work, data.depth, diff_copy);
  input.clear();
  diff.clear();
  std::fill(sums, sums + data.taps * data.columns * data.depth, 0.0f);
  for (std::int64_t index = range.first; index < range.last; ++index) {
    const WorkBlock work_block = data.work.at(index),
                    next = data.work.at(std::min(index + 1, range.last - 1));
    fill(d, input, task.stencil, work_block, task.input);
    fill(d, diff, data.stencil, work_block, data.source);
    add_weight_gradient(d, task, work_block, input, diff, sums);
    const std::int64_t pauses = pauses_of(d, data, work_block);
    Prefetchers ahead{{prefetch_source(task.stencil, data.columns, task.input.values, next, pauses),
                       prefetch_source(data.stencil, data.depth, data.source.values, next, pauses),
                       prefetch_source(data.stencil, data.depth, data.source.input, next, pauses),
                       prefetch_results(data.stencil, data.columns, data.sink.values, next, pauses)}};
    write_work_block(d, data, index, diff, ahead);
  }
}

// Weights as the products read them: `panels` of two vectors of columns, of which the last may have one.
template <class D>
void pack(D d, const DirectFilterTask& task, const Range& panels, float* packed) {
  constexpr std::int64_t lanes = width_of<D>;
  const std::int64_t depth = task.filter.depth();
  for (std::int64_t first = panels.first * 2 * lanes; first < panels.last * 2 * lanes; first += 2 * lanes) {
    const std::int64_t end = std::min(first + 2 * lanes, task.filter.columns());
    float* to = packed + first * task.taps * depth;
    for (const Stencil::Phase& phase : task.stencil.phases) {
      for (const Stencil::Tap& tap : phase.taps) {
        for (std::int64_t k = 0; k < depth; ++k) {
          for (std::int64_t c = first; c < end; c += lanes, to += lanes) {
            hn::Store(load_filter(d, task.filter, task.taps, tap.filter, k, c), d, to);
          }
        }
      }
    }
  }
}

// `rows` of the sums of all threads, to the weight gradient.
template <class D>
void finish_gradient(D d, const DirectFilterTask& task, const ThreadSums& sums, const Range& rows,
                     float* gradient) {
  const FilterTask& filter = task.filter;
  for (std::int64_t row = rows.first; row < rows.last; ++row) {
    const std::int64_t tap = row / filter.in, i = row % filter.in;
    for (std::int64_t o = 0; o < filter.out; o += width_of<D>) {
      float* const to = gradient + filter_offset(filter.in, task.taps, filter.block, i, o);
      hn::StoreU(load_sum(d, sums, row * filter.out + o), d, to + tap * filter.block * filter.block);
    }
  }
}

void ConvolveDirectly(const DirectTask& task, const Range& range, float* copy) {
  with_block(task.stencil.to.block,
             [&](auto block) HWY_ATTR { convolve(Lanes<block>(), task, range, copy); });
}

void AddDirectGradients(const DirectGradientTask& task, const Range& range, float* input_copy,
                        float* diff_copy, float* sums) {
  with_block(task.data.stencil.to.block, [&](auto block) HWY_ATTR {
    add_gradients(Lanes<block>(), task, range, input_copy, diff_copy, sums);
  });
}

void PackTaps(const DirectFilterTask& task, const Thread& thread, float* packed) {
  with_block(task.filter.block, [&](auto block) HWY_ATTR {
    constexpr std::int64_t panel = 2 * width_of<Lanes<block>>;
    pack(Lanes<block>(), task, thread.range_of((task.filter.columns() + panel - 1) / panel), packed);
  });
}

void FinishDirectGradient(const DirectFilterTask& task, const ThreadSums& sums, const Range& rows,
                          float* gradient) {
  with_block(task.filter.block,
             [&](auto block) HWY_ATTR { finish_gradient(Lanes<block>(), task, sums, rows, gradient); });
}

}  // namespace
}  // namespace revnet::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace revnet::simd {

HWY_EXPORT(ConvolveDirectly);
HWY_EXPORT(AddDirectGradients);
HWY_EXPORT(PackTaps);
HWY_EXPORT(FinishDirectGradient);

namespace {

// Anchors of a work block, as measured: so few that what the taps read stays in the first-level cache, unless
// the filters do not stay in the second-level cache from one work block to the next.
std::int64_t wanted_anchors(std::int64_t weights) {
  return weights <= 1 << 17 ? 64 : 256;
}

std::int64_t patch_floats(const Stencil& stencil, const AnchorWork& work, std::int64_t channels) {
  return Patch(stencil, work, channels, nullptr).floats();
}

std::vector<ResultTable> tables_of(const Stencil& stencil, const AnchorWork& work, std::int64_t depth,
                                   std::int64_t columns) {
  return result_tables(stencil, work, Patch(stencil, work, depth, nullptr), columns);
}

}  // namespace

Direct::Direct(const DirectShape& shape, std::int64_t in, std::int64_t out)
    : taps_(shape.taps()),
      in_(in),
      out_(out),
      forward_(forward_stencil(shape)),
      backward_(backward_stencil(shape)),
      work_(shape.results(), wanted_anchors(taps_ * in * out)),
      forward_tables_(tables_of(forward_, work_, in, out)),
      backward_tables_(tables_of(backward_, work_, out, in)),
      filters_(plan_.common(taps_ * in * out)),
      input_(plan_.per_thread(patch_floats(forward_, work_, in))),
      diff_(plan_.per_thread(patch_floats(backward_, work_, out))),
      sums_(plan_.per_thread(taps_ * in * out)) {
  require_blocks("Direct", shape.images.block, in, out);
}

void Direct::forward(const Source& source, const float* weights, const Sink& sink, float* scratch,
                     int threads) const {
  float* const filters = plan_.at(scratch, filters_);
  const DirectFilterTask filter_task{{weights, in_, out_, forward_.to.block, false}, forward_, taps_};
  const DirectTask task{forward_, work_, forward_tables_, source, filters, sink, taps_, in_, out_};
  for_threads(threads, [&](const Thread& thread) {
    HWY_DYNAMIC_DISPATCH(PackTaps)(filter_task, thread, filters);
    thread.barrier();
    HWY_DYNAMIC_DISPATCH(ConvolveDirectly)
    (task, thread.range_of(work_.count()), plan_.at(scratch, input_, thread.index));
  });
}

void Direct::backward(const Source& input, const Source& diff, const float* weights, const Sink& sink,
                      float* diff_weights, float* scratch, int threads) const {
  float* const filters = plan_.at(scratch, filters_);
  const DirectFilterTask filter_task{{weights, in_, out_, backward_.to.block, true}, backward_, taps_};
  const DirectGradientTask task{
      {backward_, work_, backward_tables_, diff, filters, sink, taps_, out_, in_}, forward_, input};
  for_threads(threads, [&](const Thread& thread) {
    HWY_DYNAMIC_DISPATCH(PackTaps)(filter_task, thread, filters);
    thread.barrier();
    HWY_DYNAMIC_DISPATCH(AddDirectGradients)
    (task, thread.range_of(work_.count()), plan_.at(scratch, input_, thread.index),
     plan_.at(scratch, diff_, thread.index), plan_.at(scratch, sums_, thread.index));
    thread.barrier();
    HWY_DYNAMIC_DISPATCH(FinishDirectGradient)
    (filter_task, plan_.sums(scratch, sums_, thread.count), thread.range_of(taps_ * in_), diff_weights);
  });
}

}  // namespace revnet::simd
#endif  // HWY_ONCE
