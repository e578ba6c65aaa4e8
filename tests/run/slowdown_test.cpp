#include "run/slowdown.h"

#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <sched.h>

#include "base/stopwatch.h"
#include "files.h"
#include "system/host.h"

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

TEST_CASE("a watch looks now and then, and warns once") {
  const std::vector<int> cores = usable_cores();
  if (cores.size() < 2 || !std::filesystem::exists("/proc/self/schedstat")) {
    MESSAGE("needs two cores, and a kernel that counts how long threads wait");
    return;
  }
  cpu_set_t before, one;
  REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
  CPU_ZERO(&one);
  CPU_SET(cores.front(), &one);
  SlowdownWatch watch(2, 0, 0.25), decoding(2, 99, 0.25), silent(2, 0, 100);
  REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);  // and so for the thread that this one starts
  std::atomic<bool> ends = false;
  std::jthread other([&] {
    while (!ends) {
    }
  });
  int warnings = 0;
  for (const Stopwatch clock; clock.seconds() < 0.8;) {
    if (watch.look()) ++warnings;
    CHECK_FALSE(silent.look());
    CHECK_FALSE(decoding.look());  // its workers take the cores
  }
  ends = true;
  other.join();
  REQUIRE(sched_setaffinity(0, sizeof before, &before) == 0);
  CHECK(warnings == 1);
}

}  // namespace
}  // namespace revnet
