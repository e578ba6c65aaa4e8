// Sets of JPEG images as they lie on disk: one file each in folders of classes, or packed into one file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "system/file_descriptor.h"

namespace revnet {

struct JpegImage {
  std::string name;          // "CLASS/FILE"
  std::uint64_t offset = 0;  // of its bytes in the packed file
  std::uint64_t bytes = 0;
  std::int32_t label = 0;      // of its class
  std::uint32_t checksum = 0;  // CRC-32 of its bytes, in a packed file
};

// One set, training or validation, in the order of class and file names.
class JpegSet {
 public:
  JpegSet() = default;
  // Of files below a folder.
  static JpegSet in_folder(std::filesystem::path folder, std::vector<JpegImage> images);
  // Of parts of a file. DataError when it cannot be opened.
  static JpegSet in_file(std::filesystem::path file, std::vector<JpegImage> images);

  std::size_t size() const { return images_.size(); }
  const JpegImage& image(std::size_t i) const { return images_[i]; }
  // Where the image lies, for messages: "DIR/train/CLASS/FILE", or "FILE.h5: CLASS/FILE".
  std::string place(std::size_t i) const;
  // Overwrites `bytes` with the image's. Error, which says what is wrong but not where, when it cannot be
  // read or is not the image it was. Safe to be called by several threads.
  void read(std::size_t i, std::vector<std::uint8_t>& bytes) const;

 private:
  std::filesystem::path path_;
  FileDescriptor packed_;  // open where the set lies in one file
  std::vector<JpegImage> images_;
};

struct JpegSplits {
  std::vector<std::string> classes;  // their names, by label
  JpegSet train, val;
  std::vector<std::string> left_out;  // what is wrong with images that are not in the sets, a line each
};

}  // namespace revnet
