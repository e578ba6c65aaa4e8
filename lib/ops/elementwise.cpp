#include "ops/elementwise.h"

#include <cmath>
#include <stdexcept>

#include "tensor/parallel.h"

namespace revnet {
namespace {

constexpr std::int64_t grain = 4096;  // floats, one page: less is not worth a second thread

REVNET_MULTITARGET void add_range(const float* src, float* dst, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) dst[i] += src[i];
}

REVNET_MULTITARGET void subtract_range(const float* src, float* dst, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) dst[i] -= src[i];
}

// Multiplying by the grid's 2^bits and by its inverse is exact.
REVNET_MULTITARGET void add_rounded_range(const float* src, float scale, float step, float* dst,
                                          std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) dst[i] += std::nearbyint(src[i] * scale) * step;
}

REVNET_MULTITARGET void subtract_rounded_range(const float* src, float scale, float step, float* dst,
                                               std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) dst[i] -= std::nearbyint(src[i] * scale) * step;
}

// Adding 0 turns -0 into 0. A sum of two zeros is -0 only if both are, so none arises later, and
// reconstruction returns the sign of every zero, too.
REVNET_MULTITARGET void round_range(float scale, float step, float* dst, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) dst[i] = std::nearbyint(dst[i] * scale) * step + 0.0f;
}

REVNET_MULTITARGET void negate_range(const float* src, float* dst, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) dst[i] = -src[i];
}

// `tensors` is the number of tensors read or written.
template <class Body>
void each_range(Operation operation, const Tensor& src, Tensor& dst, double tensors, Body body) {
  if (src.layout() != dst.layout()) throw std::logic_error("elementwise: layouts differ");
  const Shape& shape = src.shape();
  const std::int64_t height = operation == Operation::elementwise && shape.size() == 4 ? shape[2] : 0;
  dst.device().perform({operation, height, 0, tensors * static_cast<double>(src.bytes())}, [&] {
    parallel_ranges(src.layout().stored_elements(), grain, [&](std::int64_t begin, std::int64_t end) {
      body(src.data() + begin, dst.data() + begin, end - begin);
    });
  });
}

}  // namespace

void add(const Tensor& src, Tensor& dst) {
  add(src, dst, Operation::elementwise);
}

void add(const Tensor& src, Tensor& dst, Operation operation) {
  each_range(operation, src, dst, 3, add_range);
}

void subtract(const Tensor& src, Tensor& dst) {
  each_range(Operation::elementwise, src, dst, 3, subtract_range);
}

void add_rounded(const Tensor& src, Grid grid, Tensor& dst) {
  each_range(Operation::elementwise, src, dst, 3, [&](const float* from, float* to, std::int64_t count) {
    add_rounded_range(from, 1 / grid.step(), grid.step(), to, count);
  });
}

void subtract_rounded(const Tensor& src, Grid grid, Tensor& dst) {
  each_range(Operation::elementwise, src, dst, 3, [&](const float* from, float* to, std::int64_t count) {
    subtract_rounded_range(from, 1 / grid.step(), grid.step(), to, count);
  });
}

void round_to_grid(Tensor& dst, Grid grid) {
  each_range(Operation::elementwise, dst, dst, 2, [&](const float*, float* to, std::int64_t count) {
    round_range(1 / grid.step(), grid.step(), to, count);
  });
}

void negate(const Tensor& src, Tensor& dst) {
  each_range(Operation::weight_copies, src, dst, 2, negate_range);
}

}  // namespace revnet
