#include "study/machine.h"

#include <doctest/doctest.h>

#include "base/stopwatch.h"

namespace revnet {
namespace {

TEST_CASE("doubts are one line each and none for a quiet steady machine") {
  CHECK(doubts(0.0, {100, 105}).empty());
  CHECK(doubts(0.0, {}).empty());
  const auto busy = doubts(0.5, {100, 100});
  REQUIRE(busy.size() == 1);
  CHECK(busy[0].find("0.50 cores") != std::string::npos);
  const auto drifting = doubts(0.0, {100, 120, 110});
  REQUIRE(drifting.size() == 1);
  CHECK(drifting[0].find("100 to 120 GFLOP/s") != std::string::npos);
  CHECK(doubts(1.0, {100, 120}).size() == 2);
}

TEST_CASE("sgemm has a speed") {
  CHECK(measure_sgemm_gflops(1) > 0.1);
}

// This process's own work is not other load: without the subtraction it would count as one core.
TEST_CASE("a process does not count its own load") {
  const OtherLoad others;
  const Stopwatch stopwatch;
  double sum = 0;
  while (stopwatch.seconds() < 0.5) sum += stopwatch.seconds();
  CHECK(sum > 0);
  CHECK(others.cores() >= 0);
}

}  // namespace
}  // namespace revnet
