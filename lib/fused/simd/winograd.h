// 3x3 convolutions of stride 1 with SAME padding as Winograd F(4x4, 3x3), and their gradients, fused with
// what comes before and after them (see operands.h). After Lavin and Gray, "Fast algorithms for convolutional
// neural networks", with the points 0, 1, -1, 2, -2 and infinity.
//
// Weights and their gradient lie as oneDNN's OIhw8i8o or OIhw16i16o, by the block of the images. The images
// are cut into units of work, each one or a few rows of 4x4 tiles or whole small images, by their shape
// alone: so everything but the weight gradient (which each thread sums over its own share) is independent of
// the number of threads.
//
// Ownership: nothing; buffers and scratch memory are the caller's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/operands.h"
#include "kernels/tile_units.h"

namespace revnet::kernels {

class Winograd {
 public:
  // Channels as stored: multiples of the block, which is 8 or 16.
  Winograd(const Images& images, std::int64_t in, std::int64_t out);

  // The units whose sums forward and backward give.
  const TileUnits& forward_units() const { return forward_units_; }
  const TileUnits& backward_units() const { return backward_units_; }
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
  std::int64_t in_, out_;
  TileUnits forward_units_, backward_units_;
};

}  // namespace revnet::kernels
