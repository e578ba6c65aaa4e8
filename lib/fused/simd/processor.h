// Which processors can run the kernels.
#pragma once

namespace revnet::simd {

// Whether the kernels of convolutions run on this processor. They are compiled for AVX2 and AVX-512.
bool kernels_run_here();

}  // namespace revnet::simd
