// Vectors of the instruction set that is being compiled for. Included once for each, by way of
// foreach_target.
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

// As many channels as a register holds, and no more than lie side by side in memory.
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

// f(block) with the channels of a block as a constant, 8 or 16, on which the width of vectors depends.
template <class F>
HWY_INLINE void with_block(std::int64_t block, const F& f) {
  if (block == 16) {
    f(Constant<16>());
  } else {
    f(Constant<8>());
  }
}

// What products keep in registers, 32 of them or 16: so many vectors of sums, in blocks of at most so many
// vectors of columns. Fewer sums leave the multipliers waiting for one another's results.
constexpr bool has_many_registers = HWY_TARGET <= HWY_AVX3;
constexpr int block_sums = has_many_registers ? 16 : 12;
constexpr int block_vectors = has_many_registers ? 2 : 4;
// Rows of matrices come in multiples of this; a block of so many takes two vectors of columns.
constexpr int product_rows = has_many_registers ? 8 : 4;

}  // namespace revnet::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
