#include "onednn/sgemm.h"

#include <stdexcept>

#include <dnnl.hpp>

namespace revnet::onednn {

void sgemm(const Tensor& a, const Tensor& b, Tensor& c) {
  const std::int64_t n = c.shape()[0];
  const Shape square{n, n};
  if (a.shape() != square || b.shape() != square || c.shape() != square) {
    throw std::logic_error("sgemm: the matrices are not square and of one size");
  }
  if (c.device().is_planning()) return;
  if (dnnl_sgemm('N', 'N', n, n, n, 1.0f, a.data(), n, b.data(), n, 0.0f, c.data(), n) != dnnl_success) {
    throw std::logic_error("sgemm: oneDNN refused");
  }
}

}  // namespace revnet::onednn
