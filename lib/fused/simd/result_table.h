// Where the results of a direct convolution are, listed once when the kernel is made: kernels must not take
// memory in their parallel regions, where running out of it would end the process.
#pragma once

#include <cstdint>
#include <vector>

#include "fused/simd/patch.h"
#include "fused/simd/stencil.h"

namespace revnet::simd {

// The results of one phase in the largest work block, image by image and row by row. Those of a smaller work
// block are the first ones.
struct ResultTable {
  std::int64_t row, column;  // of the first anchor's result, as in the stencil
  std::vector<std::int64_t>
      taps;  // offsets in the patch from what the tap (0, 0) reads to what each tap reads
  std::vector<std::int64_t> from;  // offsets of the anchors in the patch; ends in `spare_results` copies
  std::vector<std::int64_t> to;    // offsets of the results from first_result() of the work block
};

// Kernels compute results a few at a time, and may read so many positions beyond the last.
constexpr std::size_t spare_results = 7;

// One table for each phase. `columns` is the number of channels of the results; the patch needs no memory.
std::vector<ResultTable> result_tables(const Stencil& stencil, const AnchorWork& work, const Patch& patch,
                                       std::int64_t columns);

// How many results of a phase a work block has.
std::int64_t result_count(const Stencil& stencil, const ResultTable& table,
                          const AnchorWork::WorkBlock& work_block);

// The offset of the pixel at a work block's first anchor, in its first channel.
std::int64_t first_result(const Stencil& stencil, const AnchorWork::WorkBlock& work_block,
                          std::int64_t columns);

}  // namespace revnet::simd
