#include "system/memory_limit.h"

#include <algorithm>
#include <limits>

#include <doctest/doctest.h>

#include "files.h"

namespace revnet {
namespace {

using testing::TemporaryDirectory;
using testing::write_file;

std::uint64_t left(const std::vector<MemoryLimit>& limits, const std::string& name) {
  const auto found = std::ranges::find(limits, name, &MemoryLimit::name);
  REQUIRE_MESSAGE(found != limits.end(), name);
  return found->left;
}

TEST_CASE("the machine's free memory is a limit, including swap") {
  const TemporaryDirectory root;
  write_file(root / "proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:    3000 kB\nSwapFree:  500 kB\n");
  CHECK(left(memory_limits(root.path()), "this machine's free memory") == 3500 * 1024);
}

TEST_CASE("every enclosing control group may have a limit") {
  const TemporaryDirectory root;
  write_file(root / "proc/self/cgroup", "0::/job/step\n");
  write_file(root / "sys/fs/cgroup/job/step/memory.max", "max\n");
  write_file(root / "sys/fs/cgroup/job/memory.max", "1000000\n");
  write_file(root / "sys/fs/cgroup/job/memory.current", "700000\n");
  write_file(root / "sys/fs/cgroup/job/memory.stat", "anon 100000\nfile 600000\nshmem 50000\n");
  const std::vector<MemoryLimit> limits = memory_limits(root.path());
  CHECK(left(limits, "the memory limit of the control group /job") == 850000);
  CHECK(tightest_memory_limit(limits).left <= 850000);
}

TEST_CASE("version 1 of control groups says no limit with a large number") {
  const TemporaryDirectory root;
  write_file(root / "proc/self/cgroup", "5:cpu,memory:/job\n4:pids:/job\n");
  write_file(root / "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  write_file(root / "sys/fs/cgroup/memory/job/memory.limit_in_bytes", "5000\n");
  write_file(root / "sys/fs/cgroup/memory/job/memory.usage_in_bytes", "6000\n");
  CHECK(left(memory_limits(root.path()), "the memory limit of the control group /job") == 0);
}

TEST_CASE("processes share the limits of their machine, but each has its own") {
  const MemoryLimit own{400, "ulimit -v", true}, shared{1000, "free memory"};
  CHECK(tightest_memory_limit({own, shared}).name == own.name);
  CHECK(tightest_memory_limit({own, shared}, 4).name == shared.name);
  CHECK(own.share(4) == 400);
  CHECK(shared.share(4) == 250);
}

TEST_CASE("without any limit, memory is unlimited") {
  CHECK(tightest_memory_limit({}).left == std::numeric_limits<std::uint64_t>::max());
}

}  // namespace
}  // namespace revnet
