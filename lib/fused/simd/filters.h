// The memory layout of filters: oneDNN's OIhw8i8o and OIhw16i16o.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace revnet::simd {

// The offset of tap 0 in a filter of `taps` taps. The next tap lies block * block further.
inline std::int64_t filter_offset(std::int64_t in_channels, std::int64_t taps, std::int64_t block,
                                  std::int64_t from, std::int64_t to) {
  return ((to / block) * (in_channels / block) + from / block) * taps * block * block +
         (from % block) * block + to % block;
}

// Throws logic_error unless both numbers of channels are multiples of the block, which is 8 or 16.
inline void require_blocks(const char* kernel, std::int64_t block, std::int64_t in, std::int64_t out) {
  if ((block == 8 || block == 16) && in % block == 0 && out % block == 0) return;
  throw std::logic_error(std::string(kernel) + ": channels must come in blocks of 8 or 16");
}

struct FilterTask {
  const float* weights;
  std::int64_t in, out, block;
  bool transposed;  // from output to input channels; Winograd mirrors the taps, too

  std::int64_t depth() const { return transposed ? out : in; }
  std::int64_t columns() const { return transposed ? in : out; }
};

}  // namespace revnet::simd
