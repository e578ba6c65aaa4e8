// 3x3 max pooling with stride 2 under SAME padding, computed by oneDNN; it ends the stem of the ImageNet
// networks.
//
// Shapes: src [N, C, H, W], dst [N, C, ceil(H/2), ceil(W/2)]; places: opaque bytes that record which pixel of
// each window was the largest. Ownership: a MaxPool holds only primitives; activations belong to the caller.
#pragma once

#include <memory>

#include "tensor/tensor.h"

namespace revnet {

class MaxPool {
 public:
  MaxPool(const Device& device, const Shape& src);
  ~MaxPool();

  const Layout& src_layout() const { return src_; }
  const Layout& dst_layout() const { return dst_; }
  const Layout& places_layout() const;

  // Overwrites dst and places.
  void forward(const Tensor& src, Tensor& dst, Tensor& places) const;
  // Overwrites diff_src.
  void backward(const Tensor& diff_dst, const Tensor& places, Tensor& diff_src) const;

 private:
  struct Primitives;

  Layout src_, dst_;
  std::unique_ptr<const Primitives> primitives_;
};

}  // namespace revnet
