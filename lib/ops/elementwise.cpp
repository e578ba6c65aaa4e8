#include "ops/elementwise.h"

#include <stdexcept>

#include "tensor/parallel.h"

namespace revnet {
namespace {

constexpr std::int64_t grain = 4096;  // floats: a page; less is not worth a second thread

REVNET_MULTITARGET void add_range(const float* src, float* dst, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) dst[i] += src[i];
}

REVNET_MULTITARGET void subtract_range(const float* src, float* dst, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) dst[i] -= src[i];
}

REVNET_MULTITARGET void negate_range(const float* src, float* dst, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) dst[i] = -src[i];
}

// `tensors`: how many are read or written.
template <class Range>
void each_range(Operation operation, const Tensor& src, Tensor& dst, double tensors, Range range) {
  if (src.layout() != dst.layout()) throw std::logic_error("elementwise: layouts differ");
  const Shape& shape = src.shape();
  const std::int64_t height = operation == Operation::elementwise && shape.size() == 4 ? shape[2] : 0;
  dst.device().perform({operation, height, 0, tensors * static_cast<double>(src.bytes())}, [&] {
    parallel_ranges(src.layout().stored_elements(), grain, [&](std::int64_t begin, std::int64_t end) {
      range(src.data() + begin, dst.data() + begin, end - begin);
    });
  });
}

}  // namespace

void add(const Tensor& src, Tensor& dst) {
  each_range(Operation::elementwise, src, dst, 3, add_range);
}

void subtract(const Tensor& src, Tensor& dst) {
  each_range(Operation::elementwise, src, dst, 3, subtract_range);
}

void negate(const Tensor& src, Tensor& dst) {
  each_range(Operation::weight_copies, src, dst, 2, negate_range);
}

}  // namespace revnet
