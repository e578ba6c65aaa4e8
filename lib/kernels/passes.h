// Passes over whole activations, for what no convolution takes along.
#pragma once

#include <cstdint>

#include "kernels/operands.h"

namespace revnet::kernels {

// Sums over each image and channel as Sink::sums has them: [images][2][channels].
void sum_images(const Images& images, std::int64_t channels, const float* values, double* sums, int threads);

// values += source.
void add(const Images& images, std::int64_t channels, const Source& source, float* values, int threads);

// Mean and population variance of each channel over all work blocks, whose sums are [work
// blocks][2][channels], each of so many pixels.
void combine_moments(const double* sums, const std::int64_t* pixels, std::int64_t work_blocks,
                     std::int64_t channels, float* mean, float* variance);

}  // namespace revnet::kernels
