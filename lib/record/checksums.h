// Checksums behind an HDF5 file, so that a bit which flipped on a disk or a network is never taken for a
// weight.
//
// Behind the last byte of the HDF5 file proper, where HDF5 does not look:
//   CRC32 /NAME\n                 one line for each array of numbers, of its bytes as they are stored
//   revnet-crc32 CRC32 SIZE\n     of all bytes before this line; SIZE: of the lines above it, in ten digits
// CRC-32 is in eight hexadecimal digits. A program that changes the file through
// HDF5 cuts the lines off, which leaves a file without checksums, as earlier versions wrote them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace revnet {

struct ArrayChecksum {
  std::string name;  // a path from the root
  std::uint32_t crc32 = 0;
};

// What stands behind the image of an HDF5 file that holds these arrays.
std::string checksum_lines(std::span<const std::byte> image, const std::vector<ArrayChecksum>& arrays);

struct FileChecksums {
  bool present = false;
  bool match = false;                 // the file is as it was written
  std::vector<ArrayChecksum> arrays;  // empty where a damaged line could not be read
};

// Reads the whole file once. RecordError when it cannot be read.
FileChecksums verify_checksums(const std::filesystem::path& file);

}  // namespace revnet
