// What fused kernels read and write: activations in blocked layouts, and what is done to their values on the
// way between memory and arithmetic.
//
// A kernel that normalises what it reads, and adds to, masks and sums what it writes, saves the passes over
// memory that separate operations need. All pointers are the caller's. Arrays over channels have as many
// entries as the layout stores channels, zeros for those that are padding.
//
// Convolutions cut images into work blocks, by the images' shape alone: so sums over work blocks do not
// depend on the number of threads.
#pragma once

#include <cstdint>

namespace revnet::simd {

// Activations [N, C, H, W] whose channels lie in blocks of 8 or 16 (oneDNN's nChw8c and nChw16c).
struct Images {
  std::int64_t count, height, width;
  std::int64_t block;

  std::int64_t pixels() const { return height * width; }
  // Floats before an image's first pixel in one of so many channels.
  std::int64_t offset(std::int64_t channels, std::int64_t image, std::int64_t channel) const {
    return (image * (channels / block) + channel / block) * pixels() * block + channel % block;
  }
};

// relu((x - mean) * factor + shift), where factor = scale / sqrt(variance + epsilon). The mean is taken away
// first, so that a large one costs no precision.
struct Normalization {
  const float *mean = nullptr, *factor = nullptr, *shift = nullptr;
};

// The gradient by a normalisation's input x, from g, the gradient by what went into the ReLU:
//   factor * (g - offset - (x - mean) * slope)
// where offset is the mean of g, and slope the mean of g (x - mean) over variance + epsilon.
struct NormalizationGradient {
  const float *mean = nullptr, *factor = nullptr, *offset = nullptr, *slope = nullptr;
};

// Values to read.
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

// Where results v go.
struct Sink {
  enum class Form {
    plain,       // values = v
    sum,         // values = addend + v, where v may be rounded to a grid first
    difference,  // values = addend - v, likewise
    masked,      // values = v where relu(norm(input)) is open, 0 elsewhere
  };
  Form form = Form::plain;
  float* values = nullptr;
  const float* addend = nullptr;  // may be values
  const float* input = nullptr;
  Normalization norm = {};
  // Of a sum or a difference: v is rounded to the nearest multiple of so much, a power of 2; 0: as it is.
  float step = 0;
  // The largest magnitude of a sum in each work block, over what stands there; null: not wanted.
  float* largest = nullptr;
  // Sums over each work block and channel, [work blocks][2][channels]; null: not wanted. Of what is written:
  // the sum and the sum of squared distances from the work block's mean; when masked, the sum of values and
  // that of values * (input - mean).
  double* sums = nullptr;
};

}  // namespace revnet::simd
