// 1x1 convolutions of stride 1 as matrix products, and their gradients, fused with the operations before and
// after them (see operands.h).
//
// Layouts of the weights, threads and ownership are as in winograd.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fused/simd/operands.h"
#include "fused/simd/scratch.h"

namespace revnet::simd {

// Each work block is a run of consecutive pixels of one image. Those of an image differ by at most one pixel.
class PixelWork {
 public:
  explicit PixelWork(const Images& images)
      : images_(images), per_image_((images.pixels() + most_pixels - 1) / most_pixels) {}

  // The largest size of a work block, chosen so that its input stays in the second-level cache.
  static constexpr std::int64_t most_pixels = 128;

  struct WorkBlock {
    std::int64_t image, first, count;  // pixels
  };

  const Images& images() const { return images_; }
  std::int64_t count() const { return images_.count * per_image_; }
  WorkBlock at(std::int64_t index) const {
    const std::int64_t part = index % per_image_, first = images_.pixels() * part / per_image_;
    return {index / per_image_, first, images_.pixels() * (part + 1) / per_image_ - first};
  }
  std::int64_t pixels_of(std::int64_t index) const { return at(index).count; }

 private:
  Images images_;
  std::int64_t per_image_;
};

class Pointwise {
 public:
  // `in` and `out` count stored channels, multiples of the block of 8 or 16.
  Pointwise(const Images& images, std::int64_t in, std::int64_t out);

  // The contracts are those of Winograd.
  const PixelWork& forward_work() const { return work_; }
  const PixelWork& backward_work() const { return work_; }
  std::size_t scratch_floats(int threads) const { return plan_.floats(threads); }

  void forward(const Source& source, const float* weights, const Sink& sink, float* scratch,
               int threads) const;
  void backward(const Source& input, const Source& diff, const float* weights, const Sink& sink,
                float* diff_weights, float* scratch, int threads) const;

 private:
  std::int64_t in_, out_;
  PixelWork work_;
  ScratchPlan plan_;
  ScratchPlan::Common matrix_;             // the weights in the order in which products read them
  ScratchPlan::PerThread inputs_, diffs_;  // copies of a work block's input and output gradient
  ScratchPlan::PerThread sums_;            // the weight gradient
};

}  // namespace revnet::simd
