// oneDNN's primitives for batch normalisation followed by ReLU (layers/norm.h), each in one pass.
//
// Shapes: src and dst [N, C, H, W]; scale, shift, mean and variance [C]; mask: opaque bytes that record which
// ReLUs were open. Ownership: holds only primitives; parameters, statistics and activations belong to the
// caller.
#pragma once

#include "layers/norm.h"
#include "tensor/primitive.h"

namespace revnet::onednn {

class BatchNormPrimitives {
 public:
  BatchNormPrimitives(const Device& device, const Shape& nchw, double epsilon);

  std::int64_t channels() const { return layout_.shape()[1]; }
  const Layout& layout() const { return layout_; }
  const Layout& mask_layout() const { return mask_; }
  // The cost of one run and oneDNN's implementation of it, for one of the three normalisation operations.
  const Cost& cost(Operation operation) const { return primitive(operation).cost(); }
  const std::string& implementation(Operation operation) const {
    return primitive(operation).implementation();
  }

  // Computes the batch statistics. Overwrites them, dst and mask.
  void forward(const Tensor& src, const Tensor& scale, const Tensor& shift, Statistics& statistics,
               Tensor& dst, Tensor& mask) const;
  // The same with known statistics, for recomputation. Overwrites dst and mask.
  void forward_with(const Tensor& src, const Tensor& scale, const Tensor& shift, const Statistics& statistics,
                    Tensor& dst, Tensor& mask) const;
  // Evaluation with running averages. Overwrites dst.
  void infer(const Tensor& src, const Tensor& scale, const Tensor& shift, const Statistics& running,
             Tensor& dst) const;

  struct Gradients {
    Tensor &src, &scale, &shift;
  };
  // The gradient through ReLU, normalisation and batch statistics. Overwrites the gradients; the one with
  // respect to src may be diff_dst itself.
  void backward(const Tensor& src, const Tensor& scale, const Tensor& shift, const Statistics& statistics,
                const Tensor& mask, const Tensor& diff_dst, Gradients gradients) const;
  // The same, treating the statistics as constants.
  void backward_with(const Tensor& src, const Tensor& scale, const Tensor& shift,
                     const Statistics& statistics, const Tensor& mask, const Tensor& diff_dst,
                     Gradients gradients) const;

 private:
  const Primitive& primitive(Operation operation) const;

  Layout layout_, mask_;
  Primitive forward_, forward_with_, infer_, backward_, backward_with_;
};

}  // namespace revnet::onednn
