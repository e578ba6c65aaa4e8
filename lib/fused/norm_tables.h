// Batch normalisation as the fused kernels take it, which normalise what they read and mask what they write:
// tables of constants, a row each, over channels as stored (zeros for padding).
//
// Ownership: tables own a small buffer; parameters and statistics are the norm's.
#pragma once

#include "fused/simd/operands.h"
#include "layers/norm.h"

namespace revnet::fused {

// Activations of that layout as the kernels see them.
simd::Images images_of(const Layout& layout);

// Normalisation and ReLU of activations x with the statistics of that pass.
class NormTable {
 public:
  NormTable(const Norm& norm, Pass pass, const Tensor& x);
  simd::Normalization get() const;

 private:
  std::int64_t channels_;
  Tensor table_;  // [3][channels as stored]
};

// The gradient through the normalisation of x. sums: over `blocks` blocks of work, of a masked sink
// (fused/simd/operands.h). Overwrites the gradients of scale and shift with this process's share of them.
class NormGradientTable {
 public:
  NormGradientTable(Norm& norm, const Tensor& x, Tensor& sums, std::int64_t blocks);
  simd::NormalizationGradient get() const;

 private:
  std::int64_t channels_;
  Tensor table_;  // [4][channels as stored]
};

}  // namespace revnet::fused
