// Training batches of sets held in memory: pixels 0..255 minus the mean image, without division.
//
// The class borrows the Dataset, which must outlive it, and copies the mean image. The caller owns the
// buffers. fill() allocates only when it first draws a new epoch's order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "data/augmentation.h"
#include "data/dataset.h"
#include "data/sample_order.h"

namespace revnet {

class TrainingBatches {
 public:
  // `mean` is [3, 32, 32]. Throws Error if the set is empty or the mean has another size, and UsageError for
  // an impossible augmentation.
  TrainingBatches(const Dataset& set, std::span<const float> mean, std::uint64_t seed,
                  Augmentation augmentation);

  // Overwrites images [N, 3, 32, 32] and labels [N] with positions first_position ..
  // first_position + N - 1 of the shuffled sequence: iteration * batch for a whole batch,
  // plus an offset for a shard. The result is a pure function of the arguments and the
  // constructor's, whatever the order of calls. Not thread-safe, because the current epoch's
  // order is cached. Throws Error if the sizes disagree or the position is negative.
  void fill(std::int64_t first_position, std::span<float> images, std::span<std::int32_t> labels);

 private:
  const Dataset& set_;
  std::vector<float> mean_;
  std::uint64_t seed_;
  Augmentation augmentation_;
  SampleOrder order_;
};

}  // namespace revnet
