// 3x3 convolutions of stride 1 with many channels, as Winograd F(4x4, 3x3) in stages, and their gradients.
//
// Winograd (winograd.h) takes each work block through the whole algorithm, so that its tiles stay in cache,
// and reads all transformed filters for every work block: 9 MB with 256 channels. Here the tiles of many work
// blocks are transformed, then multiplied, then transformed back. Filters are read once for all of them, and
// weight gradients need no copy per thread, but the tiles make a round trip through memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fused/simd/operands.h"
#include "fused/simd/scratch.h"
#include "fused/simd/tile_work.h"

namespace revnet::simd {

class StagedWinograd {
 public:
  // `in` and `out` count stored channels, multiples of the block of 8 or 16.
  StagedWinograd(const Images& images, std::int64_t in, std::int64_t out);

  // Whether this is faster than Winograd, as measured with 64, 96, 112, 128 and 208 channels.
  static bool pays(std::int64_t in, std::int64_t out) { return in * out >= std::int64_t{96} * 96; }

  // The contracts are those of Winograd. Results do not depend on the number of threads.
  const TileWork& forward_work() const { return work_; }
  const TileWork& backward_work() const { return work_; }
  std::size_t scratch_floats(int threads) const { return plan_.floats(threads); }

  void forward(const Source& source, const float* weights, const Sink& sink, float* scratch,
               int threads) const;
  void backward(const Source& input, const Source& diff, const float* weights, const Sink& sink,
                float* diff_weights, float* scratch, int threads) const;

 private:
  std::int64_t in_, out_;
  TileWork work_;
  std::int64_t together_;  // work blocks that are transformed before they are multiplied
  ScratchPlan plan_;
  ScratchPlan::Common filters_, sums_;    // transformed weights, and their gradient
  ScratchPlan::Common inputs_, outputs_;  // transformed tiles of the input's and the output's channels
  ScratchPlan::PerThread strip_, kept_;
};

}  // namespace revnet::simd
