// Loops that do nothing but arithmetic, and nothing but reading: they measure what a processor can do at
// best.
#pragma once

#include <cstdint>

namespace revnet::simd {

// Does at least `wanted` fused multiply-adds of floats in each of `threads` threads, in registers, and
// returns how many all have done.
double multiply_adds(std::int64_t wanted, int threads);

// Reads `count` floats, a multiple of 64 that begins on a cache line, in up to `threads` threads, and returns
// a sum of them.
float read(const float* values, std::int64_t count, int threads);

}  // namespace revnet::simd
