// Network inputs, batch by batch. Values are pixels 0..255 minus the mean image, no division.
//
// Both classes borrow the Dataset, which must outlive them, and keep a copy of the mean image. The caller
// owns the buffers; nothing is allocated by fill() except when a new epoch's order is first drawn.
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
  // mean: [3, 32, 32]. Error when the set is empty or the mean has another size, UsageError for an
  // impossible augmentation.
  TrainingBatches(const Dataset& set, std::span<const float> mean, std::uint64_t seed,
                  Augmentation augmentation);

  // Overwrites images [N, 3, 32, 32] and labels [N] with positions first_position .. first_position + N - 1
  // of the shuffled row, that is iteration * batch for a whole batch, plus an offset for a shard of one.
  // A pure function of its argument and the constructor's, in any order of calls; not thread-safe, because
  // the current epoch's order is cached. Error when the sizes disagree or the position is negative.
  void fill(std::int64_t first_position, std::span<float> images, std::span<std::int32_t> labels);

 private:
  const Dataset& set_;
  std::vector<float> mean_;
  std::uint64_t seed_;
  Augmentation augmentation_;
  SampleOrder order_;
};

class EvaluationBatches {
 public:
  // mean: [3, 32, 32], the training set's. Error when the mean has another size.
  EvaluationBatches(const Dataset& set, std::span<const float> mean);

  // Overwrites images [N, 3, 32, 32] and labels [N] with images first .. first + N - 1 in the order of the
  // set, whole and unflipped. Returns how many of them are real: past the end of the set the rest is zeros
  // with label 0, and must be left out of any average. Returns 0 when first >= set size.
  std::size_t fill(std::size_t first, std::span<float> images, std::span<std::int32_t> labels) const;

 private:
  const Dataset& set_;
  std::vector<float> mean_;
};

}  // namespace revnet
