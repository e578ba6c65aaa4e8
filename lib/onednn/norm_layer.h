// Batch normalisation with ReLU computed by oneDNN; the batch may be shared with other processes.
#pragma once

#include "layers/layer.h"
#include "onednn/batch_norm_primitives.h"

namespace revnet::onednn {

class NormLayer final : public NormRelu {
 public:
  NormLayer(Device& device, const std::string& name, Rows rows, const Shape& nchw,
            const LayerOptions& options);

  Norm& norm() override { return norm_; }
  const Layout& layout() const { return primitives_.layout(); }
  const Layout& mask_layout() const override { return primitives_.mask_layout(); }

  void forward(const Tensor& src, Pass pass, Tensor& dst, Tensor& mask) override;
  void backward(const Tensor& src, const Tensor& mask, Tensor& diff) override;

 private:
  Norm norm_;
  BatchNormPrimitives primitives_;
};

}  // namespace revnet::onednn
