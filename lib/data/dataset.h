// Labelled images as bytes in memory, and the errors of reading them.
//
// A Dataset owns its bytes and does not change once read. Normalisation and augmentation happen when a batch
// is assembled (data/batches.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace revnet {

inline constexpr int cifar_side = 32;             // height and width of CIFAR's and synthetic images
inline constexpr std::size_t cifar_plane = 1024;  // bytes of one colour plane: 32 rows of 32
inline constexpr std::size_t cifar_bytes = 3072;  // three planes

struct Dataset {
  std::string name;                  // "cifar10", "cifar100", "synthetic"
  int classes = 0;                   // labels are 0 .. classes - 1
  std::vector<std::uint8_t> images;  // [size, 3, 32, 32]: red, green and blue plane, rows from the top
  std::vector<std::uint8_t> labels;  // [size]; of CIFAR-100, the fine ones

  std::size_t size() const { return labels.size(); }
  // The 3072 bytes of image i, borrowed from this set. Requires i < size().
  std::span<const std::uint8_t> image(std::size_t i) const {
    return std::span<const std::uint8_t>(images).subspan(i * cifar_bytes, cifar_bytes);
  }
};

// The training set, and the set used for evaluation: the test set, or a validation set held out from
// training.
struct Splits {
  Dataset train;
  Dataset test;
  // Identifies the whole set as it was read, with images that hold_out() has dropped since; empty for drawn
  // images.
  std::string fingerprint = {};
};

// Moves the last `count` training images into a validation set that replaces the test set, so that choices
// can be made without looking at test images. Throws UsageError unless 0 < count < training images.
Splits hold_out(Splits splits, std::size_t count);

// A data file that cannot be used. The message is one line: which file, what is wrong, what to do.
class DataError : public Error {
 public:
  // The message reads "PATH: PROBLEM; REMEDY".
  DataError(const std::filesystem::path& path, const std::string& problem, const std::string& remedy)
      : Error(path.string() + ": " + problem + "; " + remedy) {}
};

}  // namespace revnet
