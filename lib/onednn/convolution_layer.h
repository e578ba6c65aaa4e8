// A convolution computed by oneDNN: its primitives, and its filter in the layouts they need.
#pragma once

#include <optional>

#include "layers/layer.h"
#include "onednn/convolution_primitives.h"

namespace revnet::onednn {

class ConvolutionLayer final : public Convolution {
 public:
  ConvolutionLayer(Device& device, const std::string& name, Rows rows, const ConvolutionShape& shape,
                   const LayerOptions& options, ConvolutionRoles roles);

  Filter& filter() override { return filter_; }
  const Layout& src_layout() const { return primitives_.src_layout(); }
  const Layout& dst_layout() const override { return primitives_.dst_layout(); }

  void forward(const Tensor& src, Tensor& dst) override;
  // dst = addend + conv(src); dst may be the addend. With exact coupling, conv(src) is rounded to the grid.
  void add(const Tensor& src, const Tensor& addend, Tensor& dst) const;
  // dst -= conv(src), rounding conv(src) as add() does, so that it takes away what add() added, up to the
  // rounding of the sum itself.
  void subtract(const Tensor& src, Tensor& dst) const;
  void backward(const Tensor& src, const Tensor& diff_dst, Tensor& diff_src) override;
  // The two halves of it; of images, which need no gradient, only the second.
  void backward_data(const Tensor& diff_dst, Tensor& diff_src);
  void backward_weights(const Tensor& src, const Tensor& diff_dst);

 private:
  // The weight and the copies derived from it.
  class ArrangedFilter final : public Filter {
   public:
    ArrangedFilter(Device& device, const std::string& name, Rows rows,
                   const ConvolutionPrimitives& primitives, ConvolutionRoles roles, bool subtracts_by_adding);
    void weight_changed() override;

    const Tensor& for_backward() const { return backward_.empty() ? weight().value : backward_; }
    // -weight, with which subtract() adds in registers; empty if it subtracts otherwise.
    const Tensor& negated() const { return negated_; }

   private:
    const ConvolutionPrimitives& primitives_;
    Tensor backward_;  // in the layout backward_data needs; empty if that is the weight's own
    Tensor negated_;
  };

  std::optional<Grid> grid_;
  ConvolutionPrimitives primitives_;
  ArrangedFilter filter_;
};

}  // namespace revnet::onednn
