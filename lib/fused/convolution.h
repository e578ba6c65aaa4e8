// A convolution in our own kernels, fused with what comes before and after it: see fused/simd/operands.h, and
// fused/simd/winograd.h, pointwise.h and direct.h for the three kinds of kernels.
//
// Shapes as in layers/filter.h, activations and weights in blocks of 8 or 16 channels. Ownership: nothing
// but the plan of the work; scratch memory is taken from the device for the length of a call.
#pragma once

#include <variant>
#include <vector>

#include "fused/simd/direct.h"
#include "fused/simd/pointwise.h"
#include "fused/simd/winograd.h"
#include "layers/filter.h"

namespace revnet::fused {

class Convolution {
 public:
  // On a device whose activations lie in blocks of 8 or 16 channels; logic_error otherwise.
  Convolution(const Device& device, const ConvolutionShape& shape);

  // OIhw8i8o or OIhw16i16o, of weights and their gradient.
  const Layout& weight_layout() const { return weights_; }
  const Layout& dst_layout() const { return dst_; }

  // How many work blocks' sums each direction gives.
  std::int64_t forward_blocks() const;
  std::int64_t backward_blocks() const;
  // How many pixels each work block of forward writes. Made when asked for: there are more of them in larger
  // batches, and a plan needs none.
  std::vector<std::int64_t> forward_pixels() const;

  // As in simd::Winograd.
  void forward(const simd::Source& source, const Tensor& weights, const simd::Sink& sink) const;
  void backward(const simd::Source& input, const simd::Source& diff, const Tensor& weights,
                const simd::Sink& sink, Tensor& diff_weights) const;

 private:
  // times: multiply-adds in those of a forward pass.
  Work work(Operation operation, double times) const;
  Tensor make_scratch(Device& device) const;

  ConvolutionShape shape_;
  Layout src_, dst_, weights_;
  std::variant<simd::Winograd, simd::Pointwise, simd::Direct> kernel_;
};

}  // namespace revnet::fused
