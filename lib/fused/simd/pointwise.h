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

  // The units whose sums forward and backward give, and how many pixels each has.
  std::int64_t units() const { return images_.count * units_per_image_; }
  std::int64_t pixels_of(std::int64_t unit) const;
  // Floats of scratch memory that either needs, 64-byte aligned.
  std::size_t scratch_floats(int threads) const;

  // sink = conv(source, weights). Neither input may overlap what is written, except that of `sum` and
  // `difference`.
  void forward(const Source& source, const float* weights, const Sink& sink, float* scratch) const;
  // Both gradients, from input = what the convolution read and diff = the gradient by its output: sink = the
  // one by the input, diff_weights (overwritten) the one by the weights.
  void backward(const Source& input, const Source& diff, const float* weights, const Sink& sink,
                float* diff_weights, float* scratch) const;

 private:
  Images images_;
  std::int64_t in_, out_;
  std::int64_t units_per_image_;
};

}  // namespace revnet::kernels
