#include "base/host.h"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

namespace revnet {
namespace {

TEST_CASE("host and processor have names") {
  CHECK_FALSE(host_name().empty());
  CHECK_FALSE(cpu_name().empty());
}

TEST_CASE("version is three numbers") {
  const std::string text = version();
  CHECK(std::count(text.begin(), text.end(), '.') == 2);
  CHECK(text.find_first_not_of("0123456789.") == std::string::npos);
}

TEST_CASE("peak resident bytes follow what is touched") {
  constexpr std::size_t more = 64 << 20;
  const std::uint64_t before = peak_resident_bytes();
  std::vector<char> memory(before + more, 1);  // beyond any earlier peak
  CHECK(memory[more] == 1);
  CHECK(peak_resident_bytes() >= before + more);
}

}  // namespace
}  // namespace revnet
