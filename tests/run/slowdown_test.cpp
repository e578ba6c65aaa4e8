#include "run/slowdown.h"

#include <doctest/doctest.h>

#include "files.h"

namespace revnet {
namespace {

TEST_CASE("a run that waits for cores a quarter of the time is told so") {
  CHECK_FALSE(slowdown_warning(0.0, 10, 2, false));
  CHECK_FALSE(slowdown_warning(4.9, 10, 2, false));
  const auto warning = slowdown_warning(8.0, 10, 2, false);
  REQUIRE(warning);
  CHECK(testing::contains(*warning, "the 2 threads of this run waited for one 40 % of the last 10 seconds"));
  CHECK(testing::contains(*warning, "fewer --threads, or OMP_WAIT_POLICY=passive, may be faster"));
  CHECK(testing::contains(slowdown_warning(8.0, 10, 2, true).value(), "fewer --threads may be faster"));
}

TEST_CASE("a single thread is not told of other work, which only takes its own time") {
  CHECK_FALSE(slowdown_warning(9.0, 10, 1, false));
}

TEST_CASE("a watch stays silent until ten seconds have passed") {
  SlowdownWatch watch(2);
  CHECK_FALSE(watch.look());
}

}  // namespace
}  // namespace revnet
