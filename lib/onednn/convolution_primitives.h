// oneDNN's primitives of one convolution: forward, data and weight gradient.
//
// Shapes: src [N, in, H, W], weights [out, in, k, k], dst [N, out, ceil(H/stride), ceil(W/stride)].
// Ownership: holds primitives only; weights and activations are the caller's.
#pragma once

#include <string>

#include "layers/filter.h"
#include "layers/options.h"
#include "tensor/primitive.h"

namespace revnet::onednn {

// What is asked of a convolution beside forward and weight gradient.
struct ConvolutionRoles {
  bool image_input = false;  // src is the image batch, in plain NCHW; it has no gradient
  bool adds = false;         // forward_add will be called
};

class ConvolutionPrimitives {
 public:
  ConvolutionPrimitives(const Device& device, const ConvolutionShape& shape, ConvolutionPolicy policy,
                        const ConvolutionRoles& roles);

  const ConvolutionShape& shape() const { return shape_; }
  const Layout& src_layout() const { return src_; }
  const Layout& dst_layout() const { return dst_; }
  // The layout of weights in forward and of their gradient.
  const Layout& weight_layout() const { return weights_; }
  // The layout in which backward_data wants the weights; often another one.
  const Layout& backward_weight_layout() const { return backward_weights_layout_; }

  // dst = conv(src, weights). Overwrites dst.
  void forward(const Tensor& src, const Tensor& weights, Tensor& dst) const;
  // dst = addend + conv(src, weights): a residual function's last convolution. Overwrites dst, which may be
  // the addend. Needs the role `adds`.
  void forward_add(const Tensor& src, const Tensor& weights, const Tensor& addend, Tensor& dst) const;
  // Whether forward_add() adds while the sums are in registers: 1x1 convolutions of stride 1. oneDNN's
  // Winograd takes longer to do that than to write its output and have it added in a pass of its own; its
  // direct 3x3 adds before or after the rest according to where the addend lies, so that results would depend
  // on it.
  bool adds_in_registers() const { return !add_in_place_.empty(); }
  // backward_weights = weights in backward_weight_layout().
  void arrange_for_backward(const Tensor& weights, Tensor& backward_weights) const;
  // diff_src = the gradient by src. Overwrites. `weights` in backward_weight_layout().
  void backward_data(const Tensor& diff_dst, const Tensor& weights, Tensor& diff_src) const;
  // diff_weights = the gradient by the weights, in weight_layout(). Overwrites.
  void backward_weights(const Tensor& src, const Tensor& diff_dst, Tensor& diff_weights) const;

  bool image_input() const { return backward_data_.empty(); }
  // What one run does, and how: the operation is convolution or one of its gradients.
  const Work& work(Operation operation) const { return primitive(operation).work(); }
  const std::string& implementation(Operation operation) const {
    return primitive(operation).implementation();
  }
  // Implementations as oneDNN names them: forward, data gradient, weight gradient.
  std::string implementations() const;

 private:
  const Primitive& primitive(Operation operation) const;

  ConvolutionShape shape_;
  Layout src_, dst_, weights_, backward_weights_layout_, weight_gradient_layout_;
  bool adds_;
  Primitive forward_, backward_data_, backward_weights_;
  Primitive arrange_, arrange_gradient_;  // empty where the layouts are one
  Primitive add_, add_in_place_;          // empty where addition is a pass of its own
};

}  // namespace revnet::onednn
