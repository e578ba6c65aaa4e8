// A 3x3 or 1x1 convolution of stride 1 in our own kernels, fused with what comes before and after it: see
// kernels/winograd.h, kernels/pointwise.h and kernels/operands.h.
//
// Shapes as in layers/filter.h, activations and weights in blocks of 8 or 16 channels. Ownership: nothing
// but the plan of the work; scratch memory is taken from the device for the length of a call.
#pragma once

#include <variant>
#include <vector>

#include "kernels/pointwise.h"
#include "kernels/winograd.h"
#include "layers/filter.h"

namespace revnet::fused {

class Convolution {
 public:
  // 3x3 or 1x1 and of stride 1, on a device whose activations lie in blocks of 8 or 16 channels; logic_error
  // otherwise.
  Convolution(const Device& device, const ConvolutionShape& shape);
  // OIhw8i8o or OIhw16i16o, of weights and their gradient.
  const Layout& weight_layout() const { return weights_; }
  const Layout& dst_layout() const { return dst_; }

  // The units of work whose sums forward gives: how many pixels each writes.
  const std::vector<std::int64_t>& forward_units() const { return forward_units_; }
  // And how many there are whose sums backward gives.
  std::int64_t backward_units() const;

  // As in kernels::Winograd and kernels::Pointwise.
  void forward(const kernels::Source& source, const Tensor& weights, const kernels::Sink& sink) const;
  void backward(const kernels::Source& input, const kernels::Source& diff, const Tensor& weights,
                const kernels::Sink& sink, Tensor& diff_weights) const;

 private:
  // times: multiply-adds in those of a forward pass.
  Work work(Operation operation, double times) const;
  Tensor make_scratch(Device& device) const;

  ConvolutionShape shape_;
  Layout src_, dst_, weights_;
  std::variant<kernels::Winograd, kernels::Pointwise> kernel_;
  std::vector<std::int64_t> forward_units_;
};

}  // namespace revnet::fused
