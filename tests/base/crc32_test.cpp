#include "base/crc32.h"

#include <string_view>

#include <doctest/doctest.h>

using namespace revnet;

TEST_CASE("CRC-32 gives the published check value, in one piece or two") {
  constexpr std::string_view digits = "123456789";
  const auto bytes = std::as_bytes(std::span(digits));
  CHECK(crc32(bytes) == 0xcbf43926);
  CHECK(crc32(bytes.subspan(4), crc32(bytes.first(4))) == 0xcbf43926);
  CHECK(crc32({}, crc32(bytes)) == 0xcbf43926);
}
