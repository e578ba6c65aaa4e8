// The layout of a call's scratch memory. Each piece is declared once, and its offset and the total size
// follow from that one declaration, so the two cannot disagree.
#pragma once

#include <cstddef>
#include <cstdint>

namespace revnet::simd {

inline constexpr std::int64_t cache_line = 16;  // floats

// A piece that each of `threads` threads has filled and whose copies are to be summed.
struct ThreadSums {
  const float* first;
  std::int64_t stride;  // floats from one thread's piece to the next thread's
  int threads;
};

class ScratchPlan {
 public:
  struct Common {
    std::int64_t offset;
  };
  struct PerThread {
    std::int64_t offset;
  };

  // Declares a piece that all threads share.
  Common common(std::int64_t floats) { return {append(common_, floats)}; }
  // Declares a piece of which each thread has its own.
  PerThread per_thread(std::int64_t floats) { return {append(per_thread_, floats)}; }

  // The total size of all pieces.
  std::size_t floats(int threads) const { return static_cast<std::size_t>(common_ + threads * per_thread_); }

  float* at(float* scratch, Common piece) const { return scratch + piece.offset; }
  float* at(float* scratch, PerThread piece, int thread) const {
    return scratch + common_ + thread * per_thread_ + piece.offset;
  }
  ThreadSums sums(float* scratch, PerThread piece, int threads) const {
    return {at(scratch, piece, 0), per_thread_, threads};
  }

 private:
  // Every piece begins on a cache line of its own.
  static std::int64_t append(std::int64_t& end, std::int64_t floats) {
    const std::int64_t offset = end;
    end += (floats + cache_line - 1) / cache_line * cache_line;
    return offset;
  }

  std::int64_t common_ = 0, per_thread_ = 0;
};

}  // namespace revnet::simd
