#include "fused/simd/processor.h"

#include <hwy/targets.h>

namespace revnet::simd {

bool kernels_run_here() {
  return (hwy::SupportedTargets() & HWY_TARGETS) != 0;
}

}  // namespace revnet::simd
