// Batches of JPEG images, decoded as they are needed by threads that run ahead.
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

// An image that turns out to be damaged in training, and is to be left out, has its place taken by the next
// whole one of the set, so that a batch stays a pure function of its position.
class JpegSource final : public BatchSource {
 public:
  // Error when the training set is empty.
  JpegSource(JpegSplits splits, const JpegOptions& options);

  std::size_t training_size() const override { return splits_.train.size(); }
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
  // An item of evaluation tells both the place in a row of images and how many those are, so that threads
  // that run ahead need to know no limit.
  std::int64_t evaluation_item(std::size_t place) const;
  std::int32_t make_evaluation(std::int64_t item, std::span<float> output);
  // Whether the image is whole; if not, and it may be left out, that is noted.
  template <class DrawView>
  bool make(const JpegSet& set, std::size_t index, std::span<float> output, DrawView draw);
  void note_damaged(const std::string& line);

  JpegSplits splits_;
  JpegOptions options_;
  std::mutex mutex_;  // guards the three below
  SampleOrder order_;
  std::set<std::string> damaged_;  // all that have turned out so
  std::vector<std::string> notices_;
  ImageLoader training_, evaluation_;  // last: their threads use all of the above
};

}  // namespace revnet
