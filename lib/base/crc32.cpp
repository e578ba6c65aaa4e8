#include "base/crc32.h"

#include <zlib.h>

namespace revnet {

std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t before) {
  if (bytes.empty()) return before;  // zlib takes a null pointer as the wish for a first value
  const auto* data = reinterpret_cast<const Bytef*>(bytes.data());  // NOLINT(cppcoreguidelines-pro-type-*)
  return static_cast<std::uint32_t>(::crc32_z(before, data, bytes.size()));
}

}  // namespace revnet
