#include "fused/simd/pointwise.h"

#include <algorithm>

#include "fused/simd/filters.h"
#include "fused/simd/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fused/simd/pointwise.cpp"
#include <hwy/foreach_target.h>
// These come after foreach_target.h: lanes-inl.h says why.
#include "fused/simd/pixels-inl.h"
#include "fused/simd/weights-inl.h"

#ifndef REVNET_SIMD_POINTWISE_TASK
#define REVNET_SIMD_POINTWISE_TASK
namespace revnet::simd {

struct PointwiseTask {
  const PixelWork& work;
  Source source;
  const float* matrix;  // [depth][columns], in panels as pack() writes them
  Sink sink;
  std::int64_t depth, columns;  // channels read and written
};

// The input gradient is a convolution; the weight gradient needs the input as well.
struct PointwiseGradientTask {
  PointwiseTask data;
  Source input;
};

}  // namespace revnet::simd
#endif

HWY_BEFORE_NAMESPACE();
namespace revnet::simd::HWY_NAMESPACE {
namespace {

using WorkBlock = PixelWork::WorkBlock;

// The offset of a work block's first pixel in `channel`.
std::int64_t offset_of(const Images& images, std::int64_t channels, const WorkBlock& work_block,
                       std::int64_t channel) {
  return images.offset(channels, work_block.image, channel) + work_block.first * images.block;
}

// The pixels of a work block that products read. A raw source is read in place; otherwise the pixels are
// normalised or turned into gradients first, and `copy` receives them.
template <int block, class D>
Pixels<block> read_work_block(D d, const Images& images, std::int64_t channels, const Source& source,
                              const WorkBlock& work_block, float* copy) {
  if (source.form == Source::Form::raw) {
    return {source.values + offset_of(images, channels, work_block, 0), images.pixels() * block};
  }
  const std::int64_t stride = work_block.count * block;
  for (std::int64_t c = 0; c < channels; c += width_of<D>) {
    read_pixels(d, source, offset_of(images, channels, work_block, c), block, c, work_block.count,
                copy + c / block * stride + c % block, block);
  }
  return {copy, stride};
}

// Prefetches all channels of a work block of `values`, in so many calls. Does nothing for null.
Prefetcher prefetch(const Images& images, std::int64_t channels, const float* values,
                    const WorkBlock& work_block, std::int64_t calls) {
  if (values == nullptr) return {};
  return {values + offset_of(images, channels, work_block, 0),
          {channels / images.block, images.pixels() * images.block},
          {1, 0},
          work_block.count * images.block,
          calls};
}

template <int vectors, Sink::Form form, int block, class D>
HWY_INLINE void write_columns(D d, const PointwiseTask& task, std::int64_t index, const WorkBlock& work_block,
                              const Pixels<block>& pixels, std::int64_t column, Prefetchers& ahead) {
  constexpr std::int64_t lanes = width_of<D>;
  // With a single vector, only the first writes.
  Writer<form, D> writers[2] = {{d, task.sink, column}, {d, task.sink, column + (vectors - 1) * lanes}};
  std::int64_t at[vectors];
  for (int v = 0; v < vectors; ++v) {
    at[v] = offset_of(task.work.images(), task.columns, work_block, column + v * lanes);
  }
  multiply_pixels<vectors>(
      d, pixels, work_block.count, task.depth, task.matrix + column * task.depth,
      [&](int v, std::int64_t pixel, auto value)
          HWY_ATTR { writers[v].write(d, value, at[v] + pixel * block); },
      ahead);
  for (int v = 0; v < vectors; ++v) writers[v].finish(d, index, column + v * lanes, task.columns);
}

template <int block, class D>
void write_work_block(D d, const PointwiseTask& task, std::int64_t index, const WorkBlock& work_block,
                      const Pixels<block>& pixels, Prefetchers& ahead) {
  with_form(task.sink.form, [&](auto form) HWY_ATTR {
    for_pairs_of_vectors(d, task.columns, [&](auto vectors, std::int64_t column) HWY_ATTR {
      write_columns<vectors, form>(d, task, index, work_block, pixels, column, ahead);
    });
  });
}

// Convolves the work blocks of a range; `copy` is scratch memory for the pixels of one work block.
template <int block>
void convolve(const PointwiseTask& task, const Range& range, float* copy) {
  const Lanes<block> d;
  const Images& images = task.work.images();
  for (std::int64_t index = range.first; index < range.last; ++index) {
    const WorkBlock work_block = task.work.at(index),
                    next = task.work.at(std::min(index + 1, range.last - 1));
    const Pixels<block> pixels = read_work_block<block>(d, images, task.depth, task.source, work_block, copy);
    const std::int64_t calls = prefetches_of_products<block>(d, work_block.count, task.depth, task.columns);
    Prefetchers ahead{{prefetch(images, task.depth, task.source.values, next, calls),
                       prefetch(images, task.columns, task.sink.addend, next, calls)}};
    write_work_block(d, task, index, work_block, pixels, ahead);
  }
}

// Reads each output gradient once and uses it for both the weight gradient and the input gradient.
template <int block>
void add_gradients(const PointwiseGradientTask& task, const Range& range, float* inputs, float* diffs,
                   float* sums) {
  const Lanes<block> d;
  const PointwiseTask& data = task.data;
  const Images& images = data.work.images();
  const std::int64_t in = data.columns, out = data.depth;
  std::fill(sums, sums + in * out, 0.0f);
  for (std::int64_t index = range.first; index < range.last; ++index) {
    const WorkBlock work_block = data.work.at(index),
                    next = data.work.at(std::min(index + 1, range.last - 1));
    const Pixels<block> input = read_work_block<block>(d, images, in, task.input, work_block, inputs);
    const Pixels<block> diff = read_work_block<block>(d, images, out, data.source, work_block, diffs);
    const std::int64_t calls =
        prefetches_of_sums(d, in, out) + prefetches_of_products<block>(d, work_block.count, out, in);
    Prefetchers ahead{{prefetch(images, in, task.input.values, next, calls),
                       prefetch(images, out, data.source.values, next, calls),
                       prefetch(images, out, data.source.input, next, calls)}};
    accumulate_pixels(d, input, in, diff, out, work_block.count, sums, ahead);
    write_work_block(d, data, index, work_block, diff, ahead);
  }
}

// Packs some vectors of the weights' columns in the order in which products read them: [panel][depth][columns
// of the panel].
template <int block>
void pack(const FilterTask& task, const Range& vectors, float* matrix) {
  const Lanes<block> d;
  constexpr std::int64_t lanes = width_of<Lanes<block>>, panel = 2 * lanes;
  for (std::int64_t c = vectors.first * lanes; c < vectors.last * lanes; c += lanes) {
    const std::int64_t first = c / panel * panel, wide = std::min(panel, task.columns() - first);
    float* to = matrix + first * task.depth() + c - first;
    for (std::int64_t k = 0; k < task.depth(); ++k, to += wide) {
      hn::Store(load_filter(d, task, 1, 0, k, c), d, to);
    }
  }
}

// Adds up the sums of all threads, which are in panels, and writes `rows` of the weight gradient.
template <int block>
void finish_gradient(const FilterTask& task, const ThreadSums& sums, const Range& rows, float* gradient) {
  const Lanes<block> d;
  constexpr std::int64_t lanes = width_of<Lanes<block>>;
  for_pairs_of_vectors(d, task.out, [&](auto vectors, std::int64_t column) HWY_ATTR {
    for (std::int64_t i = rows.first; i < rows.last; ++i) {
      for (int v = 0; v < vectors; ++v) {
        hn::StoreU(load_sum(d, sums, column * task.in + (i * vectors + v) * lanes), d,
                   gradient + filter_offset(task.in, 1, block, i, column + v * lanes));
      }
    }
  });
}

void ConvolvePixels(const PointwiseTask& task, const Range& range, float* copy) {
  with_block(task.work.images().block, [&](auto block) HWY_ATTR { convolve<block>(task, range, copy); });
}

void AddPixelGradients(const PointwiseGradientTask& task, const Range& range, float* inputs, float* diffs,
                       float* sums) {
  with_block(task.data.work.images().block,
             [&](auto block) HWY_ATTR { add_gradients<block>(task, range, inputs, diffs, sums); });
}

// A thread's share of the packing.
void Pack(const FilterTask& task, const Thread& thread, float* matrix) {
  with_block(task.block, [&](auto block) HWY_ATTR {
    pack<block>(task, thread.range_of(task.columns() / width_of<Lanes<block>>), matrix);
  });
}

void FinishPixelGradient(const FilterTask& task, const ThreadSums& sums, const Range& rows, float* gradient) {
  with_block(task.block, [&](auto block) HWY_ATTR { finish_gradient<block>(task, sums, rows, gradient); });
}

}  // namespace
}  // namespace revnet::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace revnet::simd {

HWY_EXPORT(ConvolvePixels);
HWY_EXPORT(AddPixelGradients);
HWY_EXPORT(Pack);
HWY_EXPORT(FinishPixelGradient);

Pointwise::Pointwise(const Images& images, std::int64_t in, std::int64_t out)
    : in_(in),
      out_(out),
      work_(images),
      matrix_(plan_.common(in * out)),
      inputs_(plan_.per_thread(PixelWork::most_pixels * in)),
      diffs_(plan_.per_thread(PixelWork::most_pixels * out)),
      sums_(plan_.per_thread(in * out)) {
  require_blocks("Pointwise", images.block, in, out);
}

void Pointwise::forward(const Source& source, const float* weights, const Sink& sink, float* scratch,
                        int threads) const {
  float* const matrix = plan_.at(scratch, matrix_);
  const FilterTask filters{weights, in_, out_, work_.images().block, false};
  const PointwiseTask task{work_, source, matrix, sink, in_, out_};
  for_threads(threads, [&](const Thread& thread) {
    HWY_DYNAMIC_DISPATCH(Pack)(filters, thread, matrix);
    thread.barrier();
    HWY_DYNAMIC_DISPATCH(ConvolvePixels)
    (task, thread.range_of(work_.count()), plan_.at(scratch, inputs_, thread.index));
  });
}

void Pointwise::backward(const Source& input, const Source& diff, const float* weights, const Sink& sink,
                         float* diff_weights, float* scratch, int threads) const {
  float* const matrix = plan_.at(scratch, matrix_);
  const FilterTask filters{weights, in_, out_, work_.images().block, true};
  const PointwiseGradientTask task{{work_, diff, matrix, sink, out_, in_}, input};
  for_threads(threads, [&](const Thread& thread) {
    HWY_DYNAMIC_DISPATCH(Pack)(filters, thread, matrix);
    thread.barrier();
    HWY_DYNAMIC_DISPATCH(AddPixelGradients)
    (task, thread.range_of(work_.count()), plan_.at(scratch, inputs_, thread.index),
     plan_.at(scratch, diffs_, thread.index), plan_.at(scratch, sums_, thread.index));
    thread.barrier();
    HWY_DYNAMIC_DISPATCH(FinishPixelGradient)
    (filters, plan_.sums(scratch, sums_, thread.count), thread.range_of(in_), diff_weights);
  });
}

}  // namespace revnet::simd
#endif  // HWY_ONCE
