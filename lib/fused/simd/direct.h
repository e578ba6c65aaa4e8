// Convolutions of any square filter and stride with SAME padding as products of matrices, a tap of the filter
// at a time, and their gradients, fused with what comes before and after them (see operands.h). They serve
// the strided convolutions, for which Winograd's transforms do not pay.
//
// Layouts of the weights, threads and ownership are as in winograd.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fused/simd/operands.h"
#include "fused/simd/result_table.h"
#include "fused/simd/scratch.h"
#include "fused/simd/stencil.h"

namespace revnet::simd {

class Direct {
 public:
  // Channels as stored: multiples of the block, which is 8 or 16.
  Direct(const DirectShape& shape, std::int64_t in, std::int64_t out);

  // All as Winograd's. Work blocks are of the convolution's results in both directions.
  const AnchorWork& forward_work() const { return work_; }
  const AnchorWork& backward_work() const { return work_; }
  std::size_t scratch_floats(int threads) const { return plan_.floats(threads); }

  void forward(const Source& source, const float* weights, const Sink& sink, float* scratch,
               int threads) const;
  void backward(const Source& input, const Source& diff, const float* weights, const Sink& sink,
                float* diff_weights, float* scratch, int threads) const;

 private:
  std::int64_t taps_, in_, out_;
  Stencil forward_, backward_;
  AnchorWork work_;
  std::vector<ResultTable> forward_tables_, backward_tables_;
  ScratchPlan plan_;
  ScratchPlan::Common filters_;          // the weights as products read them
  ScratchPlan::PerThread input_, diff_;  // copies of the pixels that a work block reads on either side
  ScratchPlan::PerThread sums_;          // of the weight gradient
};

}  // namespace revnet::simd
