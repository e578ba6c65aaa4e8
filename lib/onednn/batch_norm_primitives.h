// oneDNN's primitives of batch normalisation followed by ReLU (layers/norm.h), in one pass each.
//
// Shapes: src, dst [N, C, H, W]; scale, shift, mean, variance [C]; mask: opaque bytes, which ReLUs were open.
// Ownership: holds primitives only; parameters, statistics and activations are the caller's.
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
  // What one run does, and how: the operation is one of the three normalisations.
  const Work& work(Operation operation) const { return primitive(operation).work(); }
  const std::string& implementation(Operation operation) const {
    return primitive(operation).implementation();
  }

  // Computes the statistics; overwrites them, dst and mask.
  void forward(const Tensor& src, const Tensor& scale, const Tensor& shift, Statistics& statistics,
               Tensor& dst, Tensor& mask) const;
  // The same with statistics already known: what recomputation uses. Overwrites dst and mask.
  void forward_with(const Tensor& src, const Tensor& scale, const Tensor& shift, const Statistics& statistics,
                    Tensor& dst, Tensor& mask) const;
  // Evaluation, with running averages. Overwrites dst.
  void infer(const Tensor& src, const Tensor& scale, const Tensor& shift, const Statistics& running,
             Tensor& dst) const;

  struct Gradients {
    Tensor &src, &scale, &shift;
  };
  // Gradient through ReLU, normalisation and the batch's statistics. Overwrites the gradients, of which that
  // by src may be diff_dst itself.
  void backward(const Tensor& src, const Tensor& scale, const Tensor& shift, const Statistics& statistics,
                const Tensor& mask, const Tensor& diff_dst, Gradients gradients) const;
  // The same as if the statistics were constants.
  void backward_with(const Tensor& src, const Tensor& scale, const Tensor& shift,
                     const Statistics& statistics, const Tensor& mask, const Tensor& diff_dst,
                     Gradients gradients) const;

 private:
  const Primitive& primitive(Operation operation) const;

  Layout layout_, mask_;
  Primitive forward_, forward_with_, infer_, backward_, backward_with_;
};

}  // namespace revnet::onednn
