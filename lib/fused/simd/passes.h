// A pass over whole activations, for the one sum that no convolution can add as it writes.
#pragma once

#include <cstdint>

#include "fused/simd/operands.h"

namespace revnet::simd {

// values += source.
void add(const Images& images, std::int64_t channels, const Source& source, float* values, int threads);

}  // namespace revnet::simd
