#include "base/version.h"

#include <algorithm>

#include <doctest/doctest.h>

namespace revnet {
namespace {

TEST_CASE("version is three numbers") {
  const std::string text = version();
  CHECK(std::count(text.begin(), text.end(), '.') == 2);
  CHECK(text.find_first_not_of("0123456789.") == std::string::npos);
}

}  // namespace
}  // namespace revnet
