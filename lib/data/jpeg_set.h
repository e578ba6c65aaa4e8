// Sets of JPEG images on disk: one file per image in class folders, or all packed into one file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "system/file_descriptor.h"

namespace revnet {

struct JpegImage {
  std::string name;          // "CLASS/FILE"
  std::uint64_t offset = 0;  // of its bytes in the packed file; 0 in folders
  std::uint64_t bytes = 0;
  std::int32_t label = 0;      // its class
  std::uint32_t checksum = 0;  // CRC-32 of its bytes; packed files only
};

// A training or validation set, ordered by class and file name.
class JpegSet {
 public:
  JpegSet() = default;
  static JpegSet in_folder(std::filesystem::path folder, std::vector<JpegImage> images);
  // A set of ranges of one file. Throws DataError if the file cannot be opened.
  static JpegSet in_file(std::filesystem::path file, std::vector<JpegImage> images);

  std::size_t size() const { return images_.size(); }
  const JpegImage& image(std::size_t i) const { return images_[i]; }
  // The image's location for messages: "DIR/train/CLASS/FILE", or "FILE.h5: CLASS/FILE".
  std::string place(std::size_t i) const;
  // Overwrites `bytes` with those of the image. Throws an Error that says what is wrong but not where, if the
  // image cannot be read or has changed since it was packed. Thread-safe.
  void read(std::size_t i, std::vector<std::uint8_t>& bytes) const;

 private:
  std::filesystem::path path_;
  FileDescriptor packed_;  // open if the set lies in one file
  std::vector<JpegImage> images_;
};

struct JpegSplits {
  std::vector<std::string> classes;  // class names, by label
  JpegSet train, val;
  std::vector<std::string> left_out;  // one line for each skipped image, saying what is wrong with it
};

}  // namespace revnet
