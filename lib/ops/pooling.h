// The two kinds of average pooling the networks need. revnet has its own loops because oneDNN can neither
// shift channels across blocks nor write the halves of a RevNet side by side.
#pragma once

#include "tensor/tensor.h"

namespace revnet {

// The shortcut of basic networks: average pooling (kernel = stride, no padding), then zero channels, half
// before and half after. src [N, in, H, W], dst [N, out, H/stride, W/stride]. Requires out >= in, and H and W
// divisible by stride.
class PoolAndPad {
 public:
  PoolAndPad(const Device& device, const Shape& src, std::int64_t out_channels, std::int64_t stride);

  const Layout& src_layout() const { return src_; }
  const Layout& dst_layout() const { return dst_; }

  // Overwrites dst.
  void forward(const Tensor& src, Tensor& dst) const;
  // Overwrites diff_src.
  void backward(const Tensor& diff_dst, Tensor& diff_src) const;

 private:
  Layout src_, dst_;
  std::int64_t stride_;
  std::int64_t before_;  // zero channels before the first real one
};

// Averages [N, C, H, W] over H and W into columns [first, first + C) of the row-major features [N, columns].
void global_average_pool(const Tensor& src, Tensor& features, std::int64_t first);
// Overwrites diff_src, padding included, from the same columns of diff_features.
void global_average_pool_backward(const Tensor& diff_features, std::int64_t first, Tensor& diff_src);

}  // namespace revnet
