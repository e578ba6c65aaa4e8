// Checksums after the end of an HDF5 file, so that a bit flipped by a disk or a network is never mistaken for
// a weight.
//
// The lines follow the last byte of the HDF5 data, where HDF5 does not look:
//   CRC32 /NAME                   one line for each numeric array, covering its bytes as stored
//   revnet-crc32 CRC32 SIZE       covers all bytes before this line; SIZE: bytes of the lines above it
// A CRC-32 has eight hexadecimal digits, SIZE ten decimal ones; every line ends in a newline. A program that
// changes the file through HDF5 cuts the lines off; that leaves a file without checksums, like those of
// earlier versions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace revnet {

struct ArrayChecksum {
  std::string name;  // path from the root
  std::uint32_t crc32 = 0;
};

// The lines to append to the image of an HDF5 file that holds these arrays.
std::string checksum_lines(std::span<const std::byte> image, const std::vector<ArrayChecksum>& arrays);
// At least as many bytes as checksum_lines() returns.
std::size_t checksum_room(const std::vector<ArrayChecksum>& arrays);

// The text after a line "# revnet-crc32 CRC32" that covers it, which YAML takes for a comment.
std::string with_checksum(std::string_view text);
// Whether the text matches its checksum or, as earlier versions wrote it, has none.
bool is_as_written(std::string_view text);

struct FileChecksums {
  bool present = false;
  bool match = false;                 // the file is as it was written
  std::vector<ArrayChecksum> arrays;  // incomplete if a damaged line could not be read
};

// Reads the whole file once. Throws FileError if it cannot be read.
FileChecksums verify_checksums(const std::filesystem::path& file);

}  // namespace revnet
