#include "fused/simd/processor.h"

#include <doctest/doctest.h>
#include <hwy/targets.h>

namespace revnet::testing {
namespace {

TEST_CASE("kernels run on the instruction sets that they are compiled for, and not without AVX2") {
  hwy::SetSupportedTargetsForTest(HWY_TARGETS);
  CHECK(simd::kernels_run_here());
  hwy::SetSupportedTargetsForTest(HWY_SSE4 | HWY_SSSE3);
  CHECK_FALSE(simd::kernels_run_here());
  hwy::SetSupportedTargetsForTest(0);
}

}  // namespace
}  // namespace revnet::testing
