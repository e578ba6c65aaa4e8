// Convolution and normalisation with ReLU as single layers, for the stem, the head and the projection
// shortcuts. Residual functions, which hold most of the arithmetic, have an interface that leaves an engine
// free to fuse layers: layers/residual_function.h.
//
// Ownership: a layer owns its parameters; activations belong to the caller.
#pragma once

#include "layers/layer_list.h"

namespace revnet {

class Convolution {
 public:
  virtual ~Convolution() = default;
  virtual Filter& filter() = 0;
  // The layout of dst, [N, out, ceil(H/stride), ceil(W/stride)].
  virtual const Layout& dst_layout() const = 0;

  // dst = conv(src). Overwrites dst.
  virtual void forward(const Tensor& src, Tensor& dst) = 0;
  // Overwrites the weight's gradient, and diff_src with the gradient with respect to src.
  virtual void backward(const Tensor& src, const Tensor& diff_dst, Tensor& diff_src) = 0;
};

// A convolution of plain [N, C, H, W] images, which need no gradient.
class ImageConvolution {
 public:
  virtual ~ImageConvolution() = default;
  virtual Filter& filter() = 0;
  virtual const Layout& dst_layout() const = 0;

  // dst = conv(images). Overwrites dst.
  virtual void forward(const Tensor& images, Tensor& dst) = 0;
  // Overwrites the weight's gradient.
  virtual void backward(const Tensor& images, const Tensor& diff_dst) = 0;
};

class NormRelu {
 public:
  virtual ~NormRelu() = default;
  virtual Norm& norm() = 0;
  // The layout of the mask: opaque bytes that record which ReLUs were open.
  virtual const Layout& mask_layout() const = 0;

  // dst = relu(norm(src)); dst may be src. A training pass computes the batch statistics of src. Every pass
  // but inference writes the mask.
  virtual void forward(const Tensor& src, Pass pass, Tensor& dst, Tensor& mask) = 0;
  // Turns the gradient with respect to dst into the one with respect to src, in place. Overwrites the
  // gradients of scale and shift; with a shared batch, they cover this process's shard only.
  virtual void backward(const Tensor& src, const Tensor& mask, Tensor& diff) = 0;
};

}  // namespace revnet
