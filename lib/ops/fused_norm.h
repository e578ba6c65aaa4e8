// Batch normalisation for the fused kernels, which normalise what they read: its statistics, and its
// constants as those kernels take them.
//
// Shapes: activations [N, C, H, W] in blocks of 8 or 16 channels; scale, shift, mean, variance and their
// gradients [C]. Ownership: constants own a small buffer; statistics and parameters are the caller's.
// A `batch` is all that shares the activations' batch beyond this process; null: nobody.
#pragma once

#include "kernels/operands.h"
#include "ops/batch_norm.h"
#include "ops/reduction.h"

namespace revnet {

// Activations of that layout as the kernels see them.
kernels::Images images_of(const Layout& layout);
// Channels as stored, padding included.
std::int64_t stored_channels(const Layout& layout);
// Whether they lie in blocks that the kernels know.
bool is_blocked(const Layout& layout);

// mean, factor and shift of y = relu((x - mean) * factor + shift), by channel.
class NormConstants {
 public:
  NormConstants(Device& device, const Layout& activation, const Tensor& scale, const Tensor& shift,
                const Statistics& statistics, double epsilon);
  kernels::Normalization get() const;

 private:
  std::int64_t channels_;
  Tensor table_;  // [3][channels as stored]
};

// Constants of the gradient through the normalisation. sums: [units][2][channels as stored], of a masked
// sink. Overwrites the gradients of scale and shift with this process's share of them.
class NormGradientConstants {
 public:
  NormGradientConstants(Device& device, const Layout& activation, const Tensor& scale,
                        const Statistics& statistics, double epsilon, const Tensor& sums, std::int64_t units,
                        Tensor& diff_scale, Tensor& diff_shift, Reduction* batch = nullptr);
  kernels::NormalizationGradient get() const;

 private:
  std::int64_t channels_;
  Tensor table_;  // [4][channels as stored]
};

// A buffer for the sums over `units` units of work, as kernels::Sink::sums has them.
Tensor make_sums(Device& device, const Layout& activation, std::int64_t units);
double* sums_of(Tensor& sums);

// Mean and variance of x, in a pass over it.
void measure_statistics(Device& device, const Tensor& x, Statistics& statistics, Reduction* batch = nullptr);
// The same from a sink's sums over units of so many pixels.
void combine_statistics(Device& device, const Layout& activation, const Tensor& sums,
                        const std::vector<std::int64_t>& pixels, Statistics& statistics,
                        Reduction* batch = nullptr);
// dst += source.
void add(Device& device, const kernels::Source& source, Tensor& dst);

}  // namespace revnet
