// Batches of a data set that is held in memory: CIFAR or the synthetic set.
#pragma once

#include "data/batch_source.h"
#include "data/batches.h"

namespace revnet {

class MemorySource final : public BatchSource {
 public:
  // Throws Error if the training set is empty, UsageError for an impossible augmentation.
  MemorySource(Splits splits, std::uint64_t seed, Augmentation augmentation);

  std::size_t evaluation_size() const override { return limited(splits_.test.size()); }
  void fill_training(std::int64_t first, std::int64_t next, std::span<float> images,
                     std::span<std::int32_t> labels) override;
  std::size_t fill_evaluation(std::size_t first, std::size_t end, std::span<float> images,
                              std::span<std::int32_t> labels) override;
  std::string fingerprint() const override { return splits_.fingerprint; }

 private:
  Splits splits_;
  std::vector<float> mean_;
  TrainingBatches training_;
};

}  // namespace revnet
