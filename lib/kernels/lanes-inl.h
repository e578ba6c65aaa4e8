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

// Rows of a product that are summed at one time in two vectors each, which fills the registers.
constexpr int product_rows = HWY_TARGET <= HWY_AVX3 ? 8 : 4;

}  // namespace revnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
