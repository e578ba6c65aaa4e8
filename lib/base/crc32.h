// CRC-32 as zlib and Python's zlib.crc32 compute it: detects bytes that a disk or a network has changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace revnet {

// The checksum of `bytes` appended to data whose checksum is `before`; 0 stands for no data.
std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t before = 0);

}  // namespace revnet
