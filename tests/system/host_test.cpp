#include "system/host.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <omp.h>
#include <sched.h>

#include "base/stopwatch.h"
#include "files.h"
#include "system/process.h"

namespace revnet {
namespace {

TEST_CASE("a time stamp is ISO 8601's") {
  std::tm time{};
  const std::string stamp = utc_time();
  const char* rest = ::strptime(stamp.c_str(), "%Y-%m-%dT%H:%M:%SZ", &time);
  REQUIRE(rest != nullptr);
  CHECK(*rest == '\0');
  CHECK(std::abs(std::difftime(::timegm(&time), std::time(nullptr))) < 10);
}

TEST_CASE("usable cores are those that OpenMP counts, in ascending order") {
  const std::vector<int> cores = usable_cores();
  CHECK(static_cast<int>(cores.size()) == omp_get_num_procs());
  CHECK(std::ranges::is_sorted(cores));
  CHECK(cores.size() <= static_cast<std::size_t>(cores_of_host()));
}

// OpenMP reads its variables when a program starts, so this case runs once more in a program of its own.
TEST_CASE("a thread can leave the core that OpenMP has bound its starter to") {
  if (std::getenv("REVNET_TEST_BOUND") == nullptr) {
    const ProcessResult bound =
        run_command({program_path().string(), "--test-case=a thread can leave the core*"},
                    {{"REVNET_TEST_BOUND", "1"}, {"OMP_PROC_BIND", "true"}, {"OMP_PLACES", "cores"}});
    CHECK_MESSAGE(bound.status.code == 0, bound.out);
    CHECK(bound.out.find("1 passed") != std::string::npos);
    return;
  }
  const auto own_cores = [] {
    cpu_set_t cores;
    sched_getaffinity(0, sizeof cores, &cores);
    return CPU_COUNT(&cores);
  };
  const auto all = static_cast<int>(usable_cores().size());
  int before = 0, after = 0;
  std::thread([&] {
    before = own_cores();
    run_on_usable_cores();
    after = own_cores();
  }).join();
  CHECK((before < all || all == 1));
  CHECK(after == all);
}

TEST_CASE("threads that share one core wait for it") {
  cpu_set_t before, one;
  REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
  CPU_ZERO(&one);
  CPU_SET(usable_cores().front(), &one);
  REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);  // and so for the thread that this one starts
  const double waited = seconds_without_core();
  double more = 0;
  std::atomic<bool> ends = false;
  std::jthread other([&] {
    while (!ends) {
    }
  });
  for (const Stopwatch clock; clock.seconds() < 0.3; more = seconds_without_core() - waited) {
  }
  ends = true;
  other.join();
  REQUIRE(sched_setaffinity(0, sizeof before, &before) == 0);
  if (!std::filesystem::exists("/proc/self/schedstat")) {
    MESSAGE("this kernel does not count how long threads wait");
    CHECK(more == 0);
    return;
  }
  CHECK(more > 0.1);
}

TEST_CASE("peak resident bytes grow with the memory touched") {
  constexpr std::size_t more = 64 << 20;
  const std::uint64_t before = peak_resident_bytes();
  std::vector<char> memory(before + more, 1);  // beyond any earlier peak
  CHECK(memory[more] == 1);
  CHECK(peak_resident_bytes() >= before + more);
}

TEST_CASE("figures.py is found from an installed program and from a build tree") {
  const testing::TemporaryDirectory folder;
  const std::filesystem::path program = folder / "usr/bin/revnet-sweep",
                              built = folder / "src/build/bin/revnet-sweep";
  CHECK(find_script(program, "figures.py") == "figures.py");
  testing::write_file(folder / "usr/share/revnet/figures.py", "");
  testing::write_file(folder / "src/scripts/figures.py", "");
  CHECK(find_script(program, "figures.py") == folder / "usr/share/revnet/figures.py");
  CHECK(find_script(built, "figures.py") == folder / "src/scripts/figures.py");
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder / "src");
  CHECK(find_script(std::filesystem::current_path() / "build/bin/revnet-sweep", "figures.py") ==
        "scripts/figures.py");
  std::filesystem::current_path(before);
}

}  // namespace
}  // namespace revnet
