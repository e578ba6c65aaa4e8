// Passes over whole activations, for what no convolution takes along.
#pragma once

#include <cstdint>

#include "kernels/operands.h"

namespace revnet::kernels {

// Sums over each image and channel as Sink::sums has them: [images][2][channels].
void sum_images(const Images& images, std::int64_t channels, const float* values, double* sums);

// values += source.
void add(const Images& images, std::int64_t channels, const Source& source, float* values);

// Mean and population variance of each channel over all units, whose sums are [units][2][channels] and cover
// pixels[unit] pixels.
void combine_moments(const double* sums, const std::int64_t* pixels, std::int64_t units,
                     std::int64_t channels, float* mean, float* variance);

}  // namespace revnet::kernels
