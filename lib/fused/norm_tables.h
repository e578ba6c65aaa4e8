// Batch normalisation as tables of constants, with which fused kernels normalise what they read and mask what
// they write. A table has one row per constant and one column per stored channel, zero where that is padding.
//
// Ownership: a table owns a small buffer; parameters and statistics stay with the norm.
#pragma once

#include "fused/simd/operands.h"
#include "layers/norm.h"

namespace revnet::fused {

// The layout of activations in the form that the kernels take.
simd::Images images_of(const Layout& layout);

// The constants of normalisation and ReLU of x, from the statistics of `pass`.
class NormTable {
 public:
  NormTable(const Norm& norm, Pass pass, const Tensor& x);
  simd::Normalization get() const;

 private:
  std::int64_t channels_;
  Tensor table_;  // [3][channels as stored]
};

// The constants of the gradient through the normalisation of x, from the sums that a masked sink
// (fused/simd/operands.h) wrote for each of `blocks` work blocks. Overwrites the gradients of scale and shift
// with this process's share of them.
class NormGradientTable {
 public:
  NormGradientTable(Norm& norm, const Tensor& x, Tensor& sums, std::int64_t blocks);
  simd::NormalizationGradient get() const;

 private:
  std::int64_t channels_;
  Tensor table_;  // [4][channels as stored]
};

}  // namespace revnet::fused
