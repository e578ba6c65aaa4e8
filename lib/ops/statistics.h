// Batch statistics of what a norm is about to read: in a pass over it, or from sums that whoever wrote it
// took on the way.
//
// Such sums are taken over pieces of the batch, which may differ in size: for each piece and channel the sum
// of values and the sum of squared distances from the piece's own mean, [pieces][2][channels as stored].
#pragma once

#include <span>

#include "layers/norm.h"

namespace revnet {

// A buffer for such sums.
Tensor make_sums(Device& device, std::int64_t pieces, std::int64_t stored_channels);
std::span<double> values_of(Tensor& sums);

// The largest magnitude in x; 0 on a planning device.
float largest_magnitude(const Tensor& x);

// Leaves mean and variance of x with `norm`: of the whole batch, where other processes share it.
void measure_statistics(const Tensor& x, Norm& norm);
// The same from sums over pieces of so many pixels.
void combine_statistics(Tensor& sums, std::span<const std::int64_t> pixels, Norm& norm);

}  // namespace revnet
