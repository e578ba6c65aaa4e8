// A set of class folders as one HDF5 file, for file systems that dislike a million small files.
//
// The file: /classes, the names by label; and in each of /train and /val: bytes, all JPEG files one behind
// the other as they were (uint8, contiguous, so that an image can be read at its place in the file without
// HDF5); offset (in bytes), size, label, checksum (CRC-32, as zlib.crc32 has it) and name ("CLASS/FILE"), one
// entry an image in the order in which the folders are read. Root attributes: format_version, kind.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "record/hdf5.h"

namespace revnet {

struct PackedSet {
  std::vector<std::int64_t> offset;  // in the HDF5 file, once read
  std::vector<std::int64_t> size, label, checksum;
  std::vector<std::string> name;
};

struct PackedImages {
  std::vector<std::string> classes;
  PackedSet train, val;
};

// Writes a packed file image by image, beside the target, and then swaps it into place.
class PackedImageWriter {
 public:
  PackedImageWriter(std::filesystem::path target, const std::vector<std::string>& classes);

  // Begins a set of so many bytes in all; the one before must be full.
  void begin(const std::string& set, std::uint64_t bytes);
  void add(const std::string& name, std::int64_t label, std::uint32_t checksum,
           std::span<const std::uint8_t> bytes);
  // The last set must be full. RecordError when the file cannot be written.
  void save();

 private:
  void end_set();

  hdf5::Writer file_;
  std::string name_;  // of the set that is written; empty: none yet
  std::uint64_t bytes_ = 0, written_ = 0;
  PackedSet set_;
};

// RecordError when it is missing, no packed file, damaged or of a newer format. Offsets and sizes lie inside
// the file, labels name classes; whether an image's bytes are those of its checksum is for the reader of them
// to see.
PackedImages read_packed_images(const std::filesystem::path& file);

}  // namespace revnet
