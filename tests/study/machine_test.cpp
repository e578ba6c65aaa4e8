#include "study/machine.h"

#include <cstdlib>

#include <doctest/doctest.h>

#include "base/stopwatch.h"

namespace revnet {
namespace {

TEST_CASE("doubts are one line each, and a quiet, steady machine raises none") {
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

double plain_gflops() {
  constexpr int n = 256;
  const std::vector<float> a(n * n, 0.5F), b(n * n, 0.25F);
  std::vector<float> c(n * n);
  const Stopwatch stopwatch;
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      for (int k = 0; k < n; ++k) c[i * n + j] += a[i * n + k] * b[k * n + j];
    }
  }
  CHECK(c.back() == 32);
  return 2.0 * n * n * n / stopwatch.seconds() / 1e9;
}

// 8 GHz and two fused multiply-adds of 16 floats a cycle: no core is there yet.
// The best of several turns on either side, because other work may have the core in some of them.
TEST_CASE("sgemm is faster than a plain loop and no faster than a core can be") {
  double gflops = 0, plain = 0;
  for (int turn = 0; turn < 3; ++turn) {
    gflops = std::max(gflops, measure_sgemm_gflops(1));
    plain = std::max(plain, plain_gflops());
  }
  CHECK(gflops > 1.5 * plain);
  CHECK(gflops < 8 * 2 * 2 * 16);
}

TEST_CASE("a process does not count its own load") {
  const ProcessorTime before{100, 10, 50};
  CHECK(other_cores(before, {104, 14, 54}) == 0);
  CHECK(other_cores(before, {107, 14, 54}) == 0.75);
  CHECK(other_cores(before, {103, 14, 54}) == 0);  // ticks are coarser than a process's own time
  CHECK(other_cores(before, {100, 14, 54}) == 0);  // no /proc/stat
  CHECK(other_cores(before, before) == 0);
}

// The child works for 0.6 s; the test leaves half of that to a busy machine.
TEST_CASE("the load of a child process is noticed") {
  const OtherLoad others;
  const Stopwatch stopwatch;
  CHECK(std::system("timeout 0.6 sh -c 'while :; do :; done'") != 0);
  CHECK(others.cores() * stopwatch.seconds() > 0.3);
}

}  // namespace
}  // namespace revnet
