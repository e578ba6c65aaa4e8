#include "base/stopwatch.h"

#include <thread>

#include <doctest/doctest.h>

namespace revnet {
namespace {

TEST_CASE("a stopwatch counts seconds and restarts from zero") {
  Stopwatch watch;
  const Stopwatch whole;
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const double first = watch.seconds();
  CHECK(first >= 0.02);
  CHECK(first < 20.0);  // seconds, not milliseconds, even on a busy machine
  watch.restart();
  const double second = watch.seconds();
  CHECK(whole.seconds() >= first + second - 1e-3);  // restarting discards the time counted before
}

}  // namespace
}  // namespace revnet
