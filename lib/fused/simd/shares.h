// How threads share work and scratch memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace revnet::kernels {

// The part [first, second) of `count` things that falls to one thread.
inline std::pair<std::int64_t, std::int64_t> range_of(std::int64_t count, int thread, int threads) {
  return {count * thread / threads, count * (thread + 1) / threads};
}

// Floats up to the end of the cache line, so that what follows begins on one of its own.
inline std::size_t whole_lines(std::int64_t floats) {
  return static_cast<std::size_t>((floats + 15) / 16 * 16);
}

}  // namespace revnet::kernels
