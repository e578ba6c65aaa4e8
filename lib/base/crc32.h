// CRC-32 as zlib has it, and Python's zlib.crc32: tells bytes that changed on a disk or a network from those that were
// written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace revnet {

// Of `bytes` behind those whose checksum is `before`; 0: behind none.
std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t before = 0);

}  // namespace revnet
