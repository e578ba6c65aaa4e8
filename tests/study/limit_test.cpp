#include "study/limit.h"

#include <doctest/doctest.h>

namespace revnet {
namespace {

constexpr Peak peak{.multiply_adds = 100, .bytes = 10};

TEST_CASE("an operation's limit is its arithmetic or its bytes, whichever takes longer") {
  CHECK(limit_seconds({Operation::convolution, 32, 0, 20, 400}, peak) == 4);
  CHECK(limit_seconds({Operation::convolution, 32, 0, 50, 400}, peak) == 5);
  CHECK(limit_seconds({Operation::convolution, 32, 1000, 20}, peak) ==
        5);  // as by definition, if nothing is said
}

// The totals of the convolutions alone would take 13 s of arithmetic or 11 s of bytes.
TEST_CASE("a profile's limit is the sum over its operations") {
  Profile profile;
  for (int call = 0; call < 3; ++call) profile.add({Operation::convolution, 32, 0, 20, 400}, 7);
  profile.add({Operation::convolution, 32, 0, 50, 100}, 7);
  profile.add({Operation::pooling, 8, 0, 10}, 7);
  const auto rows = limits(profile, peak);
  REQUIRE(rows.size() == 2);
  CHECK(rows.at({Operation::convolution, 32}) == 3 * 4 + 5);
  CHECK(rows.at({Operation::pooling, 8}) == 1);
  CHECK(limit_seconds(profile, peak) == 18);
}

}  // namespace
}  // namespace revnet
