// 1x1 convolutions of stride 1 as products of matrices, and their gradients, fused with what comes before and
// after them (see operands.h).
//
// Weights and their gradient lie as oneDNN's OIhw8i8o or OIhw16i16o, by the block of the images. The images
// are cut into units of work by their shape alone, so that everything but the weight gradient (which each
// thread sums over its own share) is independent of the number of threads.
//
// Ownership: nothing; buffers and scratch memory are the caller's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/operands.h"

namespace revnet::kernels {

class Pointwise {
 public:
  // Channels as stored: multiples of the block, which is 8 or 16.
  Pointwise(const Images& images, std::int64_t in, std::int64_t out);

  // The units whose sums forward and backward_data give, and how many pixels each has.
  std::int64_t units() const { return images_.count * units_per_image_; }
  std::int64_t pixels_of(std::int64_t unit) const;
  // Floats of scratch memory that any of the three needs, 64-byte aligned.
  std::size_t scratch_floats(int threads) const;

  // sink = conv(source, weights). Neither input may overlap what is written, except that of `sum` and
  // `difference`.
  void forward(const Source& source, const float* weights, const Sink& sink, float* scratch) const;
  // sink = the gradient by the convolution's input, from source = the one by its output.
  void backward_data(const Source& source, const float* weights, const Sink& sink, float* scratch) const;
  // Overwrites diff_weights.
  void backward_weights(const Source& input, const Source& diff, float* diff_weights, float* scratch) const;

 private:
  void convolve(const Source& source, const float* weights, bool transposed, const Sink& sink,
                float* scratch) const;

  Images images_;
  std::int64_t in_, out_;
  std::int64_t units_per_image_;
};

}  // namespace revnet::kernels
