// What fused kernels read and write: activations in blocked layouts, and the operations applied to their
// values between memory and arithmetic.
//
// A kernel that normalises what it reads, and adds, masks and sums what it writes, saves the passes over
// memory that separate operations need. The caller owns all pointers. Arrays over channels have one entry per
// stored channel, zero where the channel is padding.
//
// Convolutions cut images into work blocks by shapes alone, so that sums over work blocks do not depend on
// the number of threads.
#pragma once

#include <cstdint>

namespace revnet::simd {

// Activations [N, C, H, W] whose channels lie in blocks of 8 or 16 (oneDNN's nChw8c and nChw16c).
struct Images {
  std::int64_t count, height, width;
  std::int64_t block;

  std::int64_t pixels() const { return height * width; }
  // The offset, in floats, of the first pixel of `image` in `channel`, for images of `channels` channels.
  std::int64_t offset(std::int64_t channels, std::int64_t image, std::int64_t channel) const {
    return (image * (channels / block) + channel / block) * pixels() * block + channel % block;
  }
};

// relu((x - mean) * factor + shift), where factor = scale / sqrt(variance + epsilon). The mean is subtracted
// first, so that a large mean costs no precision.
struct Normalization {
  const float *mean = nullptr, *factor = nullptr, *shift = nullptr;
};

// The gradient of a normalisation's input x, from the gradient g at the ReLU's input:
//   factor * (g - offset - (x - mean) * slope)
// where offset is the mean of g, and slope is the mean of g (x - mean) divided by variance + epsilon.
struct NormalizationGradient {
  const float *mean = nullptr, *factor = nullptr, *offset = nullptr, *slope = nullptr;
};

// How a kernel reads values.
struct Source {
  enum class Form {
    raw,
    normalized,  // relu(norm(values))
    gradient,    // the normalisation's gradient, from values = g and input = x
  };
  Form form = Form::raw;
  const float* values = nullptr;
  Normalization norm = {};
  const float* input = nullptr;
  NormalizationGradient norm_gradient = {};
};

// How a kernel writes its results v.
struct Sink {
  enum class Form {
    plain,       // values = v
    sum,         // values = addend + v, with v rounded to a grid first if grid_step > 0
    difference,  // values = addend - v, with v rounded likewise
    masked,      // values = v where the ReLU of norm(input) is open, 0 elsewhere
  };
  Form form = Form::plain;
  float* values = nullptr;
  const float* addend = nullptr;  // may be values
  const float* input = nullptr;
  Normalization norm = {};
  // The spacing of the grid to which sums and differences round v, a power of 2. Zero switches rounding off.
  float grid_step = 0;
  // If not null, each work block raises its entry to the largest magnitude among the sums that it writes.
  float* largest = nullptr;
  // If not null, receives sums over the values that each work block writes, [work blocks][2][channels]: the
  // sum and the sum of squared distances from the work block's mean, or for a masked sink the sum and the sum
  // of values * (input - mean). Not for differences.
  double* sums = nullptr;
};

}  // namespace revnet::simd
