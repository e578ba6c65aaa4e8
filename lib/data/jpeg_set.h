// Sets of JPEG images on disk: one file per image in class folders, or all packed into one file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "system/file_descriptor.h"

namespace revnet {

// The system could not read an image, for a reason that need not lie in the image: too many open files, a
// failing disk, a server that is away. Such an image is never skipped.
class UnreadableImage : public Error {
 public:
  using Error::Error;
};
// Throws what a failure of open() or read() means for an image: JpegError if the image is not there or may
// not be read, std::bad_alloc, or UnreadableImage. The message does not say which image it is.
[[noreturn]] void throw_unreadable(int error_number);

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
  // Overwrites `bytes` with those of the image. Throws JpegError if it is missing, cut short or has changed
  // since it was packed, and UnreadableImage; neither says which image it is. Thread-safe.
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
