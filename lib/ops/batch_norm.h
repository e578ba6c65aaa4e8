// Batch normalisation over (N, H, W) followed by ReLU, in one pass.
//
//   mean, variance over the batch (variance: population);  dst = max(0, scale * (src - mean) / sqrt(variance
//   + epsilon) + shift)
//
// Shapes: src, dst [N, C, H, W]; scale, shift, mean, variance [C]; mask: opaque bytes, which ReLUs were open.
// Ownership: holds primitives only. Running averages are nobody's business here: whoever owns them commits
// them once a step, so that recomputing a forward pass is safe by construction.
#pragma once

#include <optional>

#include "ops/kernel.h"
#include "ops/reduction.h"

namespace revnet {

// A batch's statistics, or running averages of them; [C] each.
struct Statistics {
  Tensor mean, variance;
  Statistics() = default;
  Statistics(Device& device, std::int64_t channels);
};

class BatchNormRelu {
 public:
  // batch: the processes that share the batch, whose statistics are then those of all; null: nobody. Outlives
  // this.
  BatchNormRelu(const Device& device, const Shape& nchw, double epsilon, Reduction* batch = nullptr);

  std::int64_t channels() const { return layout_.shape()[1]; }
  const Layout& layout() const { return layout_; }
  const Layout& mask_layout() const { return mask_; }
  // What one run does, and how: the operation is one of the three normalisations.
  const Work& work(Operation operation) const { return kernel(operation).work(); }
  const std::string& implementation(Operation operation) const { return kernel(operation).implementation(); }

  // Computes the statistics; overwrites them, dst and mask.
  void forward(Device& device, const Tensor& src, const Tensor& scale, const Tensor& shift,
               Statistics& statistics, Tensor& dst, Tensor& mask) const;
  // The same with statistics already known: what recomputation uses. Overwrites dst and mask.
  void forward_with(Device& device, const Tensor& src, const Tensor& scale, const Tensor& shift,
                    const Statistics& statistics, Tensor& dst, Tensor& mask) const;
  // Evaluation, with running averages. Overwrites dst.
  void infer(Device& device, const Tensor& src, const Tensor& scale, const Tensor& shift,
             const Statistics& running, Tensor& dst) const;
  // Gradient through ReLU, normalisation and the batch's statistics. Overwrites diff_src (which may be
  // diff_dst itself), diff_scale and diff_shift, the latter two with this process's share.
  void backward(Device& device, const Tensor& src, const Tensor& scale, const Tensor& shift,
                const Statistics& statistics, const Tensor& mask, const Tensor& diff_dst, Tensor& diff_src,
                Tensor& diff_scale, Tensor& diff_shift) const;

 private:
  const Kernel& kernel(Operation operation) const;

  Layout layout_, mask_;
  double epsilon_;
  Reduction* batch_;
  Kernel forward_, forward_with_, infer_, backward_;
  std::optional<Kernel> backward_with_;  // as if the statistics were constants: of a shared batch
};

}  // namespace revnet
