// Batches of JPEG images, decoded ahead of use by worker threads.
#pragma once

#include <mutex>
#include <set>

#include "data/batch_source.h"
#include "data/image_folders.h"
#include "data/image_loader.h"
#include "data/photograph.h"
#include "data/sample_order.h"

namespace revnet {

struct JpegOptions {
  PhotographOptions photograph{};
  std::uint64_t seed = 1;
  int workers = 1;
  DamagedImages damaged = DamagedImages::refuse;
};

// If damaged images may be skipped, the next intact image of the set takes the place of a damaged one, so
// that a batch remains a pure function of its position.
class JpegSource final : public BatchSource {
 public:
  // Throws Error if the training set is empty.
  JpegSource(JpegSplits splits, const JpegOptions& options);

  std::size_t evaluation_size() const override { return limited(splits_.val.size()); }
  void fill_training(std::int64_t first, std::int64_t next, std::span<float> images,
                     std::span<std::int32_t> labels) override;
  std::size_t fill_evaluation(std::size_t first, std::size_t end, std::span<float> images,
                              std::span<std::int32_t> labels) override;
  bool may_be_damaged() const override { return true; }
  std::vector<std::string> take_notices() override;
  std::string fingerprint() const override;
  std::array<ShownValues, 3> shown_values() const override;

 private:
  std::int32_t make_training(std::int64_t position, std::span<float> output);
  // An item of evaluation holds both the place in a row of images and how many those are, so that threads
  // that run ahead need to know no limit.
  std::int64_t evaluation_item(std::size_t place) const;
  std::int32_t make_evaluation(std::int64_t item, std::span<float> output);
  // Returns whether the image is intact. If not, records it, or throws DamagedImage if it may not be skipped.
  template <class DrawView>
  bool make(const JpegSet& set, std::size_t index, std::span<float> output, DrawView draw);
  void note_damaged(const std::string& line);

  JpegSplits splits_;
  JpegOptions options_;
  std::mutex mutex_;  // guards the next three members
  SampleOrder order_;
  std::set<std::string> damaged_;  // all images found damaged so far
  std::vector<std::string> notices_;
  ImageLoader training_, evaluation_;  // last, because their threads use all of the above
};

}  // namespace revnet
