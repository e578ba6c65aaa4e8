// Images with labels, as bytes in memory, and the errors of reading them.
//
// A Dataset owns its bytes and is plain data once read: nothing in it is random, normalised or augmented.
// That happens on the way into a batch (data/batches.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace revnet {

inline constexpr int image_channels = 3;
inline constexpr int image_size = 32;             // height and width
inline constexpr std::size_t image_plane = 1024;  // bytes of one colour plane: 32 rows of 32
inline constexpr std::size_t image_bytes = 3072;  // three planes

struct Dataset {
  std::string name;                         // "cifar10", "cifar100", "synthetic"
  int classes = 0;                          // labels are 0 .. classes - 1
  std::vector<std::uint8_t> images;         // [size, 3, 32, 32]: red, green, blue plane, rows from the top
  std::vector<std::uint8_t> labels;         // [size]
  std::vector<std::uint8_t> coarse_labels;  // [size] for cifar100, else empty; kept, not trained on

  std::size_t size() const { return labels.size(); }
  // The 3072 bytes of one image, borrowed from this set. Requires i < size().
  std::span<const std::uint8_t> image(std::size_t i) const {
    return std::span<const std::uint8_t>(images).subspan(i * image_bytes, image_bytes);
  }
};

// What a run trains on, and what evaluation reads (the test set, or a validation set held out).
struct Splits {
  Dataset train;
  Dataset test;
};

// Moves the last `count` training images into a validation set that replaces test, so that choices can be
// made without looking at test images. UsageError unless 0 < count < training images.
Splits hold_out(Splits splits, std::size_t count);

// A data file cannot be used. The message is one line: which file, what is wrong, what to do.
class DataError : public Error {
 public:
  enum class Kind {
    missing,             // no such file or folder
    unreadable,          // there, but not a regular file, or the system refuses to read it
    empty,               // no bytes at all
    truncated,           // fewer bytes than the records that belong in it
    oversized,           // more bytes than the records that belong in it
    label_out_of_range,  // a label byte that names no class
  };

  // The message reads "PATH: PROBLEM; REMEDY".
  DataError(Kind kind, std::filesystem::path path, const std::string& problem, const std::string& remedy);

  Kind kind() const { return kind_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  Kind kind_;
  std::filesystem::path path_;
};

}  // namespace revnet
