// 3x3 convolutions of stride 1 with SAME padding as Winograd F(4x4, 3x3), and their gradients, fused with
// what comes before and after them (see operands.h). After Lavin and Gray, "Fast algorithms for convolutional
// neural networks", with the points 0, 1, -1, 2, -2 and infinity.
//
// Weights and their gradient lie as oneDNN's OIhw8i8o or OIhw16i16o, by the block of the images. Everything
// but the weight gradient (which each thread sums over its own work blocks) is independent of the number of
// threads.
//
// Ownership: nothing; buffers and scratch memory are the caller's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fused/simd/operands.h"
#include "fused/simd/scratch.h"
#include "fused/simd/tile_work.h"

namespace revnet::simd {

struct ThreadScratch;  // the pieces of one thread

class Winograd {
 public:
  // Channels as stored: multiples of the block, which is 8 or 16.
  Winograd(const Images& images, std::int64_t in, std::int64_t out);

  // The work blocks whose sums forward and backward give.
  const TileWork& forward_work() const { return forward_.work; }
  const TileWork& backward_work() const { return backward_.work; }
  // Floats of scratch memory that either needs with so many threads, 64-byte aligned.
  std::size_t scratch_floats(int threads) const;

  // sink = conv(source, weights). Neither input may overlap what is written, except that of `sum` and
  // `difference`.
  void forward(const Source& source, const float* weights, const Sink& sink, float* scratch,
               int threads) const;
  // Both gradients, from input = what the convolution read and diff = the gradient by its output: sink = the
  // one by the input, diff_weights (overwritten) the one by the weights.
  void backward(const Source& input, const Source& diff, const float* weights, const Sink& sink,
                float* diff_weights, float* scratch, int threads) const;

 private:
  // What work blocks and scratch memory one direction takes.
  struct Pass {
    TileWork work;
    ScratchPlan plan;
    ScratchPlan::Common filters;  // transformed
    ScratchPlan::PerThread sums;  // the transformed gradient by the weights
    ScratchPlan::PerThread strip, input_strip, tiles_in, tiles_out, kept;

    Pass(const TileWork& work, std::int64_t in, std::int64_t out, bool gradients);
    ThreadScratch of_thread(int thread, float* scratch) const;
  };

  std::int64_t in_, out_;
  Pass forward_, backward_;
};

}  // namespace revnet::simd
