// Reads weights as rows and columns of the matrices that products multiply by.
#if defined(REVNET_SIMD_WEIGHTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef REVNET_SIMD_WEIGHTS_INL_H_
#undef REVNET_SIMD_WEIGHTS_INL_H_
#else
#define REVNET_SIMD_WEIGHTS_INL_H_
#endif

#include "fused/simd/filters.h"
#include "fused/simd/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace revnet::simd::HWY_NAMESPACE {

// One vector of the columns from `column` on, in a row, at a tap of filters of `taps` taps.
template <class D>
HWY_INLINE hn::Vec<D> load_filter(D d, const FilterTask& task, std::int64_t taps, std::int64_t tap,
                                  std::int64_t row, std::int64_t column) {
  const std::int64_t from = task.transposed ? column : row, to = task.transposed ? row : column;
  const float* const at =
      task.weights + filter_offset(task.in, taps, task.block, from, to) + tap * task.block * task.block;
  if (!task.transposed) return hn::LoadU(d, at);
  HWY_ALIGN float gathered[width_of<D>];
  for (std::int64_t lane = 0; lane < width_of<D>; ++lane) gathered[lane] = at[lane * task.block];
  return hn::Load(d, gathered);
}

}  // namespace revnet::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
