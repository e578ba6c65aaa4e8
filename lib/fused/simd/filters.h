// Filters of a 3x3 convolution as they lie in memory: oneDNN's OIhw8i8o and OIhw16i16o.
#pragma once

#include <cstdint>

namespace revnet::kernels {

struct FilterTask {
  const float* weights;  // null where their gradient alone is wanted
  std::int64_t in, out, block;
  bool transposed;  // mirrored, from output to input channels

  std::int64_t depth() const { return transposed ? out : in; }
  std::int64_t columns() const { return transposed ? in : out; }
  // Of tap 0 of a filter; the next tap lies block * block further.
  std::int64_t offset(std::int64_t from, std::int64_t to) const {
    return ((to / block) * (in / block) + from / block) * 9 * block * block + (from % block) * block +
           to % block;
  }
};

}  // namespace revnet::kernels
