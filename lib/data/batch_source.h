// What a training sees of its data: batches of network inputs, wherever they come from.
//
// Ownership: a source owns its images, or knows where they lie; buffers are the caller's. One thread at a
// time calls a source, which may have threads of its own.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace revnet {

// How to show a channel's values: as byte scale * value + shift.
struct ShownValues {
  float scale = 1, shift = 127.5f;
};

class BatchSource {
 public:
  virtual ~BatchSource() = default;

  // From now on evaluation is of `count` images spread evenly over the set, in its order; 0: of all.
  void limit_evaluation(std::size_t count) { evaluation_limit_ = count; }

  // Images of the sets.
  virtual std::size_t training_size() const = 0;
  virtual std::size_t evaluation_size() const = 0;

  // Overwrites images [N, 3, S, S] and labels [N] with positions first .. first + N - 1 of an endless row of
  // shuffled epochs: a pure function of `first` and of what the source was made of. `next` is where the next
  // call will begin if all goes well. DamagedImage when one of them turns out to be damaged and may not be
  // left out.
  virtual void fill_training(std::int64_t first, std::int64_t next, std::span<float> images,
                             std::span<std::int32_t> labels) = 0;

  // Overwrites them with images of the evaluation set, from `first` on but none from `end` on, and returns
  // how many are real; behind those, labels are 0 and values mean nothing. Damaged images are missing among
  // them, or a DamagedImage. `end` is where the caller's share of the set ends.
  virtual std::size_t fill_evaluation(std::size_t first, std::size_t end, std::span<float> images,
                                      std::span<std::int32_t> labels) = 0;

  // Whether a call may fail on one rank of several: an image is first seen whole when its turn comes.
  virtual bool may_be_damaged() const { return false; }
  // What has been left out since the last call, a line each.
  virtual std::vector<std::string> take_notices() { return {}; }
  // Stands for the images' names and labels, in their order; empty where a set is always the same.
  virtual std::string fingerprint() const { return ""; }
  virtual std::array<ShownValues, 3> shown_values() const { return {}; }

 protected:
  // How many of an evaluation set of `all` are used.
  std::size_t limited(std::size_t all) const {
    return evaluation_limit_ == 0 ? all : std::min(evaluation_limit_, all);
  }

 private:
  std::size_t evaluation_limit_ = 0;
};

// An image that a training needs turned out to be damaged when its turn came.
class DamagedImage : public Error {
 public:
  using Error::Error;
  ExitCode exit_code() const override { return ExitCode::damaged_image; }
};

}  // namespace revnet
