// 3x3 convolutions of stride 1 with SAME padding as Winograd F(4x4, 3x3), and their gradients, fused with the
// operations before and after them (see operands.h). The algorithm is that of Lavin and Gray, "Fast
// algorithms for convolutional neural networks", with the points 0, 1, -1, 2, -2 and infinity.
//
// Weights and their gradient have oneDNN's layout OIhw8i8o or OIhw16i16o, whichever matches the block of the
// images. Only the weight gradient depends on the number of threads, because each thread sums it over its own
// work blocks.
//
// Ownership: a Winograd owns no memory; the caller owns buffers and scratch memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fused/simd/operands.h"
#include "fused/simd/scratch.h"
#include "fused/simd/tile_work.h"

namespace revnet::simd {

struct ThreadScratch;

class Winograd {
 public:
  // `in` and `out` count stored channels, multiples of the block of 8 or 16.
  Winograd(const Images& images, std::int64_t in, std::int64_t out);

  // The work blocks over which the sinks of forward and backward sum.
  const TileWork& forward_work() const { return forward_.work; }
  const TileWork& backward_work() const { return backward_.work; }
  // The scratch memory that either direction needs with `threads` threads; it must be 64-byte aligned.
  std::size_t scratch_floats(int threads) const;

  // sink = conv(source, weights). Neither source nor weights may overlap what is written. The addend of `sum`
  // and `difference` may.
  void forward(const Source& source, const float* weights, const Sink& sink, float* scratch,
               int threads) const;
  // Computes both gradients from the convolution's input and from `diff`, the gradient of its output. The
  // sink receives the input gradient; diff_weights is overwritten with the weight gradient.
  void backward(const Source& input, const Source& diff, const float* weights, const Sink& sink,
                float* diff_weights, float* scratch, int threads) const;

 private:
  // The work blocks and the scratch memory of one direction.
  struct Direction {
    TileWork work;
    ScratchPlan plan;
    ScratchPlan::Common filters;  // transformed
    ScratchPlan::PerThread sums;  // the transformed weight gradient
    ScratchPlan::PerThread strip, input_strip, tiles_in, tiles_out, kept;

    Direction(const TileWork& work, std::int64_t in, std::int64_t out, bool gradients);
    ThreadScratch of_thread(int thread, float* scratch) const;
  };

  std::int64_t in_, out_;
  Direction forward_, backward_;
};

}  // namespace revnet::simd
