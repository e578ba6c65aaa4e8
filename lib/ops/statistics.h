// Batch statistics of a norm's input, either measured in a pass over it or combined from sums that its writer
// accumulated on the way.
//
// Such sums cover pieces of the batch, which may differ in size. For each piece and channel they hold the sum
// of the values and the sum of squared distances from the piece's own mean: [pieces][2][channels as stored].
#pragma once

#include <span>

#include "layers/norm.h"

namespace revnet {

// A buffer for such sums, and its contents. The sums of a norm's gradient, which are also two for each piece
// and channel, take one as well.
Tensor make_sums(Device& device, std::int64_t pieces, std::int64_t stored_channels);
std::span<double> values_of(Tensor& sums);

// The largest magnitude in x; 0 on a planning device.
float largest_magnitude(const Tensor& x);

// Stores the mean and variance of x in `norm`: those of the whole batch if other processes share it.
void measure_statistics(const Tensor& x, Norm& norm);
// The same from sums over pieces with the given numbers of pixels.
void combine_statistics(Tensor& sums, std::span<const std::int64_t> pixels, Norm& norm);

}  // namespace revnet
