// Which pixels a direct convolution reads for which results, forward and backward, with TensorFlow's SAME
// padding. In either direction there is an anchor for each pixel of the convolution's output. Backward, an
// anchor has one result in each phase, stride * stride in all; the results of one phase take the same taps of
// the filter.
//
// An example in one dimension: a filter (a b c) of stride 2 on 5 pixels, which SAME padding surrounds with
// one zero on either side. There are 3 anchors, one for each result:
//
//     pixels of the input       0   1   2   3   4
//     anchors                   0       1       2
//
// Forward, the result at anchor i reads pixels 2i - 1, 2i and 2i + 1: one phase of the taps (-1, a), (0, b)
// and (1, c), with stride 2 and step 1. Backward, the gradient of an even pixel 2i reads that of result i
// through b alone, and the gradient of an odd pixel 2i + 1 reads result i through c and result i + 1 through
// a: two phases, of the taps (0, b) and of (0, c) and (1, a), with stride 1 and step 2.
#pragma once

#include <cstdint>
#include <vector>

#include "fused/simd/operands.h"
#include "fused/simd/row_blocks.h"

namespace revnet::simd {

// Square filters; the images are the convolution's input.
struct DirectShape {
  Images images;
  std::int64_t kernel, stride;

  std::int64_t taps() const { return kernel * kernel; }
  Images results() const;
};

struct Stencil {
  struct Tap {
    std::int64_t row, column;  // of the pixel read, relative to the anchor
    std::int64_t filter;       // which tap of the filter: row * kernel + column
  };
  struct Phase {
    std::int64_t row, column;  // of the first anchor's result
    std::vector<Tap> taps;     // none: the results are zero
  };

  Images anchors, from, to;
  std::int64_t skip;    // only every skip-th pixel of `from` is ever read, and positions count these
  std::int64_t stride;  // pixels read, from one anchor to the next
  std::int64_t step;    // pixels of `to`, from one result of a phase to the next
  // The extreme rows and columns of all taps and of the anchor (0, 0) itself: top and left are at most 0.
  std::int64_t top = 0, bottom = 0, left = 0, right = 0;
  std::vector<Phase> phases = {};
};

Stencil forward_stencil(const DirectShape& shape);
Stencil backward_stencil(const DirectShape& shape);

// Work blocks of some rows of anchors, or of several whole images where these are small.
class AnchorWork : public RowBlocks {
 public:
  // Work blocks have about so many anchors.
  AnchorWork(const Images& anchors, std::int64_t wanted);

  std::int64_t pixels_of(std::int64_t index) const;

 private:
  Images anchors_;
};

}  // namespace revnet::simd
