// A convolution, and a normalisation with ReLU, as layers of their own: the stem, the head and the
// projections are made of them. Residual functions, where most of the arithmetic is, have an interface that
// leaves their engine free to work on several layers at a time: layers/residual_function.h.
//
// Ownership: layers own their parameters; activations are the caller's.
#pragma once

#include "layers/layer_list.h"

namespace revnet {

class Convolution {
 public:
  virtual ~Convolution() = default;
  virtual Filter& filter() = 0;
  // Of dst, [N, out, ceil(H/stride), ceil(W/stride)].
  virtual const Layout& dst_layout() const = 0;

  // dst = conv(src). Overwrites dst.
  virtual void forward(const Tensor& src, Tensor& dst) = 0;
  // The gradient by src, overwritten. Not of a convolution of images.
  virtual void backward_data(const Tensor& diff_dst, Tensor& diff_src) = 0;
  // Overwrites the weight's gradient.
  virtual void backward_weights(const Tensor& src, const Tensor& diff_dst) = 0;
};

class NormRelu {
 public:
  virtual ~NormRelu() = default;
  virtual Norm& norm() = 0;
  // Which ReLUs were open, in opaque bytes.
  virtual const Layout& mask_layout() const = 0;

  // dst = relu(norm(src)), where dst may be src. A training pass computes the statistics of src. The mask is
  // written unless the pass is inference.
  virtual void forward(const Tensor& src, Pass pass, Tensor& dst, Tensor& mask) = 0;
  // Turns the gradient by dst into the one by src, in place; overwrites the gradients of scale and shift,
  // by this process's shard where the batch is shared.
  virtual void backward(const Tensor& src, const Tensor& mask, Tensor& diff) = 0;
};

}  // namespace revnet
