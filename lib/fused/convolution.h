// A convolution in our own kernels, fused with the operations before and after it: see fused/simd/operands.h,
// and fused/simd/winograd.h, staged_winograd.h, pointwise.h and direct.h for the four kinds of kernels.
//
// Shapes are those of layers/filter.h; activations and weights lie in blocks of 8 or 16 channels. Ownership:
// ConvolutionKernels own only the plan of its work; each call takes its scratch memory from the device.
#pragma once

#include <variant>
#include <vector>

#include "fused/simd/arithmetic.h"
#include "fused/simd/direct.h"
#include "fused/simd/pointwise.h"
#include "fused/simd/staged_winograd.h"
#include "fused/simd/winograd.h"
#include "layers/filter.h"

namespace revnet::fused {

using Kernel = std::variant<simd::Winograd, simd::StagedWinograd, simd::Pointwise, simd::Direct>;

class ConvolutionKernels {
 public:
  // Throws logic_error unless the device's activations lie in blocks of 8 or 16 channels.
  ConvolutionKernels(const Device& device, const ConvolutionShape& shape);

  // OIhw8i8o or OIhw16i16o, for the weights and for their gradient.
  const Layout& weight_layout() const { return weights_; }
  const Layout& dst_layout() const { return dst_; }

  // The number of work blocks in each direction. A sink receives one set of sums from each.
  std::int64_t forward_blocks() const;
  std::int64_t backward_blocks() const;
  // The number of pixels that each forward work block writes. Computed on demand: the list grows with the
  // batch, and planning does not need it.
  std::vector<std::int64_t> forward_pixels() const;

  // See simd::Winograd.
  void forward(const simd::Source& source, const Tensor& weights, const simd::Sink& sink) const;
  void backward(const simd::Source& input, const simd::Source& diff, const Tensor& weights,
                const simd::Sink& sink, Tensor& diff_weights) const;

 private:
  // What one run costs that reads from `source` and writes to `sink`; backward, `input` is read as well.
  Cost forward_cost(const simd::Source& source, const simd::Sink& sink) const;
  Cost backward_cost(const simd::Source& input, const simd::Source& diff, const simd::Sink& sink) const;
  Tensor make_scratch(Device& device) const;

  ConvolutionShape shape_;
  Layout src_, dst_, weights_;
  Kernel kernel_;
  simd::Arithmetic arithmetic_;
};

}  // namespace revnet::fused
