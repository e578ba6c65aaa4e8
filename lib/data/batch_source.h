// The data as training sees it: batches of network inputs, whatever their origin.
//
// Ownership: a source owns its images or knows where they are stored; buffers belong to the caller. Only one
// thread at a time may call a source, which may have threads of its own.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace revnet {

// How to display a channel: its values become bytes as scale * value + shift.
struct ShownValues {
  float scale = 1, shift = 127.5f;
};

class BatchSource {
 public:
  virtual ~BatchSource() = default;

  // Limits evaluation to `count` images spread evenly over the set, in its order; 0: all of them.
  void limit_evaluation(std::size_t count) { evaluation_limit_ = count; }

  // How many images an evaluation covers, with the limit.
  virtual std::size_t evaluation_size() const = 0;

  // Overwrites images [N, 3, S, S] and labels [N] with positions first .. first + N - 1 of the endless
  // sequence of shuffled epochs. The result is a pure function of `first` and of the source's construction.
  // `next` is where the next call will probably begin; -1 if nothing is to be prepared for it. Throws
  // DamagedImage if an image proves damaged and may not be skipped.
  virtual void fill_training(std::int64_t first, std::int64_t next, std::span<float> images,
                             std::span<std::int32_t> labels) = 0;

  // Overwrites images and labels with evaluation images from `first` on, but none from `end` on, where the
  // caller's share of the set ends. Returns how many are real; beyond them, both are undefined, but the
  // labels are of classes. Damaged images are skipped, or throw DamagedImage if that is not allowed.
  virtual std::size_t fill_evaluation(std::size_t first, std::size_t end, std::span<float> images,
                                      std::span<std::int32_t> labels) = 0;

  // Whether a call may fail on a single rank, because images are first checked in full when their turn comes.
  virtual bool may_be_damaged() const { return false; }
  // One line for each image skipped since the last call.
  virtual std::vector<std::string> take_notices() { return {}; }
  // Identifies the data set, in its order: by the bytes of CIFAR's files, by the names and labels of
  // photographs. Empty for drawn images, which the settings determine.
  virtual std::string fingerprint() const { return ""; }
  virtual std::array<ShownValues, 3> shown_values() const { return {}; }

 protected:
  // How many of an evaluation set of `all` are used.
  std::size_t limited(std::size_t all) const {
    return evaluation_limit_ == 0 ? all : std::min(evaluation_limit_, all);
  }
  // The index, of `all` images, of the n-th of `used`. They lie one in each of `used` parts, but not all at
  // its beginning, where images whose labels recur at even distances could all be of one class.
  static std::size_t spread(std::size_t n, std::size_t used, std::size_t all) {
    return n * all / used + n % (all / used);
  }

 private:
  std::size_t evaluation_limit_ = 0;
};

// An image needed for training proved damaged when its turn came.
class DamagedImage : public Error {
 public:
  using Error::Error;
  ExitCode exit_code() const override { return ExitCode::damaged_image; }
};

}  // namespace revnet
