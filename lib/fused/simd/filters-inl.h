// Transforms Winograd filters into the transformed domain, and their gradient back out of it.
#if defined(REVNET_SIMD_FILTERS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef REVNET_SIMD_FILTERS_INL_H_
#undef REVNET_SIMD_FILTERS_INL_H_
#else
#define REVNET_SIMD_FILTERS_INL_H_
#endif

#include <algorithm>

#include "fused/simd/filters.h"
#include "fused/simd/parallel.h"
#include "fused/simd/tile_work.h"
#include "fused/simd/transforms-inl.h"
#include "fused/simd/weights-inl.h"

HWY_BEFORE_NAMESPACE();
namespace revnet::simd::HWY_NAMESPACE {

// The offset, in a matrix stored in panels (for_panels), of the vector that begins at row k and column c.
template <class D>
HWY_INLINE std::int64_t panel_offset(D, std::int64_t depth, std::int64_t columns, std::int64_t k,
                                     std::int64_t c) {
  constexpr std::int64_t lanes = width_of<D>;
  const std::int64_t vectors = columns / lanes, vector = c / lanes;
  const bool last = vectors % 2 == 1 && vector + 3 >= vectors;
  const std::int64_t first = last ? std::max<std::int64_t>(vectors - 3, 0) : vector / 2 * 2,
                     wide = last ? vectors - first : 2;
  return (first * depth + k * wide + vector - first) * lanes;
}

// Computes `rows` of each of the 36 matrices [depth][columns], stored in panels, point_stride apart.
template <class D>
void transform_filters(D d, const FilterTask& task, const Range& rows, float* to) {
  constexpr std::int64_t lanes = width_of<D>;
  const std::int64_t depth = task.depth(), columns = task.columns(), stride = point_stride(depth, columns);
  // Each of the 36 streams of stores stays within one panel, because rows are the inner loop.
  for (std::int64_t c = 0; c < columns; c += lanes) {
    for (std::int64_t k = rows.first; k < rows.last; ++k) {
      hn::Vec<D> half[3][6];
      for (int j = 0; j < 3; ++j) {
        hn::Vec<D> in[3];
        for (int i = 0; i < 3; ++i) {
          const int tap = i * 3 + j;
          in[i] = load_filter(d, task, 9, task.transposed ? 8 - tap : tap, k, c);
        }
        transform_filter(d, in, half[j]);
      }
      for (int i = 0; i < 6; ++i) {
        const hn::Vec<D> in[3] = {half[0][i], half[1][i], half[2][i]};
        hn::Vec<D> row[6];
        transform_filter(d, in, row);
        float* const first = to + place_of_row[i] * 6 * stride + panel_offset(d, depth, columns, k, c);
        for (int j = 0; j < 6; ++j) hn::Store(row[j], d, first + j * stride);
      }
    }
  }
}

// Adds up the sums of all threads, transforms them back and writes `rows` of the weight gradient. The taps
// are mirrored because the overlapping tiles were those of the output gradient, not of the input.
template <class D>
void finish_gradient(D d, const FilterTask& task, const ThreadSums& sums, const Range& rows,
                     float* gradient) {
  const std::int64_t stride = point_stride(task.in, task.out);
  for (std::int64_t k = rows.first; k < rows.last; ++k) {
    for (std::int64_t c = 0; c < task.out; c += width_of<D>) {
      hn::Vec<D> half[6][3];
      for (int i = 0; i < 6; ++i) {
        hn::Vec<D> in[6];
        for (int j = 0; j < 6; ++j) {
          in[j] = load_sum(d, sums, (place_of_row[i] * 6 + j) * stride + k * task.out + c);
        }
        transform_filter_gradient(d, in, half[i]);
      }
      for (int j = 0; j < 3; ++j) {
        const hn::Vec<D> in[6] = {half[0][j], half[1][j], half[2][j], half[3][j], half[4][j], half[5][j]};
        hn::Vec<D> out[3];
        transform_filter_gradient(d, in, out);
        float* to = gradient + filter_offset(task.in, 9, task.block, k, c);
        for (int i = 0; i < 3; ++i)
          hn::StoreU(out[i], d, to + ((2 - i) * 3 + 2 - j) * task.block * task.block);
      }
    }
  }
}

// The two functions above for blocks of either size, in the form that HWY_EXPORT takes.
inline void TransformFilters(const FilterTask& task, const Range& rows, float* to) {
  with_block(task.block, [&](auto block) HWY_ATTR { transform_filters(Lanes<block>(), task, rows, to); });
}
inline void FinishGradient(const FilterTask& task, const ThreadSums& sums, const Range& rows,
                           float* gradient) {
  with_block(task.block,
             [&](auto block) HWY_ATTR { finish_gradient(Lanes<block>(), task, sums, rows, gradient); });
}

}  // namespace revnet::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
