// Vectors of the instruction set that is being compiled for.
//
// How a source file of kernels is made: Highway's foreach_target.h includes the file itself
// (HWY_TARGET_INCLUDE) once for each instruction set, with another namespace HWY_NAMESPACE and another
// HWY_TARGET. Headers that use vectors therefore end in -inl.h, are included after it, and are guarded by
// HWY_TARGET_TOGGLE, so that each pass reads them again. Functions between HWY_BEFORE_NAMESPACE and
// HWY_AFTER_NAMESPACE exist once for each set. Those that the rest of the file calls are named in
// CapitalLetters: HWY_EXPORT makes a table of them, and HWY_DYNAMIC_DISPATCH calls the one for this
// processor. What follows `#if HWY_ONCE` is compiled once. A lambda that handles vectors needs HWY_ATTR,
// because it does not inherit the instruction set.
#if defined(REVNET_SIMD_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef REVNET_SIMD_LANES_INL_H_
#undef REVNET_SIMD_LANES_INL_H_
#else
#define REVNET_SIMD_LANES_INL_H_
#endif

#include <cstdint>
#include <type_traits>

#include <hwy/highway.h>

#include "fused/simd/scratch.h"

HWY_BEFORE_NAMESPACE();
namespace revnet::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <auto value>
using Constant = std::integral_constant<decltype(value), value>;

// As many channels as a register holds, but no more than lie side by side in memory.
template <int block>
using Lanes = hn::CappedTag<float, block>;

template <class D>
constexpr std::int64_t width_of = static_cast<std::int64_t>(hn::MaxLanes(D()));

// One vector of the sum over all threads.
template <class D>
HWY_INLINE hn::Vec<D> load_sum(D d, const ThreadSums& sums, std::int64_t at) {
  hn::Vec<D> sum = hn::Load(d, sums.first + at);
  for (int t = 1; t < sums.threads; ++t) sum = hn::Add(sum, hn::Load(d, sums.first + t * sums.stride + at));
  return sum;
}

// Calls f with the block, 8 or 16 channels, as a compile-time constant: the width of vectors depends on it.
template <class F>
HWY_INLINE void with_block(std::int64_t block, const F& f) {
  if (block == 16) {
    f(Constant<16>());
  } else {
    f(Constant<8>());
  }
}

// Products keep the sums of several rows and up to three vectors of columns in registers, of which AVX-512
// has 32 and AVX2 16: the more rows, the fewer loads each multiplication needs. With three vectors they take
// product_rows rows, of which products of tiles have a multiple; with two or one, tall_rows.
constexpr int product_rows = HWY_TARGET <= HWY_AVX3 ? 8 : 4;
constexpr int tall_rows = HWY_TARGET <= HWY_AVX3 ? 8 : 6;

}  // namespace revnet::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
