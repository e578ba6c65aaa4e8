// Vectors of the instruction set that is being compiled for. Included once for each, by way of
// foreach_target.
#if defined(REVNET_KERNELS_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef REVNET_KERNELS_LANES_INL_H_
#undef REVNET_KERNELS_LANES_INL_H_
#else
#define REVNET_KERNELS_LANES_INL_H_
#endif

#include <cstdint>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace revnet::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// As many channels as a register holds, and no more than lie side by side in memory.
template <int block>
using Lanes = hn::CappedTag<float, block>;

template <class D>
constexpr std::int64_t width_of = static_cast<std::int64_t>(hn::MaxLanes(D()));

// What products keep in registers, 32 of them or 16: so many vectors of sums, in blocks of at most so many
// vectors of columns. Fewer sums leave the multipliers waiting for one another's results.
constexpr bool has_many_registers = HWY_TARGET <= HWY_AVX3;
constexpr int block_sums = has_many_registers ? 16 : 12;
constexpr int block_vectors = has_many_registers ? 2 : 4;
// Rows of matrices come in multiples of this; a block of so many takes two vectors of columns.
constexpr int product_rows = has_many_registers ? 8 : 4;

}  // namespace revnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
