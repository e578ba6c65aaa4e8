// A set of class folders in one HDF5 file, for file systems that cope badly with a million small files.
//
// The file holds /classes, the class names by label, and two groups, /train and /val. In each, `bytes` holds
// all JPEG files unchanged, one after the other (uint8, contiguous, so that an image can be read from its
// place in the file without HDF5). The columns offset (in bytes), size, label, checksum (CRC-32, as
// zlib.crc32 computes it) and name ("CLASS/FILE") have one entry per image, in the order in which the folders
// are read. Root attributes: format_version, kind, index_crc32 (of the class names and the columns, /train
// before /val).
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "record/hdf5.h"

namespace revnet {

struct PackedSet {
  std::vector<std::int64_t> offset;  // within `bytes` in the file; within the whole HDF5 file once read
  std::vector<std::int64_t> size, label, checksum;
  std::vector<std::string> name;
};

struct PackedImages {
  std::vector<std::string> classes;
  PackedSet train, val;
};

// Writes a packed file image by image next to the target, then swaps it into place.
class PackedImageWriter {
 public:
  PackedImageWriter(std::filesystem::path target, const std::vector<std::string>& classes);

  // Begins a set with `bytes` bytes in total; the set before it must be complete.
  void begin(const std::string& set, std::uint64_t bytes);
  void add(const std::string& name, std::int64_t label, std::uint32_t checksum,
           std::span<const std::uint8_t> bytes);
  // Requires the last set to be complete. Throws FileError if the file cannot be written.
  void save();

 private:
  void end_set();

  hdf5::Writer file_;
  std::string name_;  // of the set being written; empty before the first
  std::uint64_t bytes_ = 0, written_ = 0;
  PackedSet set_;
  std::uint32_t index_crc_ = 0;
};

// Throws FileError if the file is missing, not a packed file, damaged or of a newer format. Checks that
// offsets and sizes lie inside the file and that labels name classes. Whoever reads an image must compare its
// checksum.
PackedImages read_packed_images(const std::filesystem::path& file);

}  // namespace revnet
