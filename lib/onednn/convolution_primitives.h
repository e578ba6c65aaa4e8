// oneDNN's primitives for one convolution: forward, data gradient and weight gradient.
//
// Shapes: src [N, in, H, W], weights [out, in, k, k], dst [N, out, ceil(H/stride), ceil(W/stride)].
// Ownership: holds only primitives; weights and activations belong to the caller.
#pragma once

#include <string>

#include "layers/filter.h"
#include "layers/options.h"
#include "tensor/primitive.h"

namespace revnet::onednn {

// What a convolution must support beside forward and weight gradient.
struct ConvolutionRoles {
  bool image_input = false;  // src is the image batch in plain NCHW, which needs no gradient
  bool adds = false;         // forward_add(), or a layer's add(), will be called
  bool subtracts = false;    // a layer's subtract() will be called; it may keep the negated weights
};

class ConvolutionPrimitives {
 public:
  ConvolutionPrimitives(const Device& device, const ConvolutionShape& shape, ConvolutionPolicy policy,
                        const ConvolutionRoles& roles);

  const ConvolutionShape& shape() const { return shape_; }
  const Layout& src_layout() const { return src_; }
  const Layout& dst_layout() const { return dst_; }
  // The layout of the weights in forward() and of their gradient.
  const Layout& weight_layout() const { return weights_; }
  // The layout of the weights in backward_data(), which often differs.
  const Layout& data_gradient_weight_layout() const { return data_gradient_weights_; }

  // dst = conv(src, weights). Overwrites dst.
  void forward(const Tensor& src, const Tensor& weights, Tensor& dst) const;
  // dst = addend + conv(src, weights), for a residual function's last convolution. Overwrites dst, which may
  // be the addend. Requires the role `adds`.
  void forward_add(const Tensor& src, const Tensor& weights, const Tensor& addend, Tensor& dst) const;
  // Whether forward_add() adds while the sums are still in registers, as it does for 1x1 convolutions of
  // stride 1 only. oneDNN's Winograd takes longer to do so than to write its output and add in a second pass.
  // Its direct 3x3 convolution orders the additions by where the addend lies, so results would depend on
  // that.
  bool adds_in_registers() const { return !add_in_place_.empty(); }
  // Copies weights into `arranged`, whose layout is data_gradient_weight_layout().
  void arrange_for_backward(const Tensor& weights, Tensor& arranged) const;
  // Overwrites diff_src with the gradient with respect to src. `weights` is in data_gradient_weight_layout().
  void backward_data(const Tensor& diff_dst, const Tensor& weights, Tensor& diff_src) const;
  // Overwrites diff_weights, in weight_layout(), with the gradient with respect to the weights.
  void backward_weights(const Tensor& src, const Tensor& diff_dst, Tensor& diff_weights) const;

  // The cost of one run and oneDNN's implementation of it, for the convolution or one of its gradients.
  const Cost& cost(Operation operation) const { return primitive(operation).cost(); }
  const std::string& implementation(Operation operation) const {
    return primitive(operation).implementation();
  }
  // oneDNN's names of the implementations, for tests: forward, data gradient, weight gradient.
  std::string implementations() const;

 private:
  const Primitive& primitive(Operation operation) const;

  ConvolutionShape shape_;
  Layout src_, dst_, weights_, data_gradient_weights_, weight_gradient_layout_;
  bool adds_;
  Primitive forward_, backward_data_, backward_weights_;
  Primitive arrange_, arrange_gradient_;  // empty where the layouts are equal
  Primitive add_, add_in_place_;          // empty where the addition is a separate pass
};

}  // namespace revnet::onednn
