#include "system/control_groups.h"

#include <doctest/doctest.h>

#include "files.h"

namespace revnet {
namespace {

using testing::TemporaryDirectory;
using testing::write_file;

TEST_CASE("the control groups of a process are its own and all that enclose it") {
  const TemporaryDirectory root;
  CHECK(control_groups("memory", root.path()).empty());
  write_file(root / "proc/self/cgroup", "5:cpu,memory:/a\n4:pids:/b\n0::/job/step\n");
  std::vector<std::string> names;
  for (const ControlGroup& group : control_groups("memory", root.path())) {
    names.push_back(std::to_string(group.version) + ":" + group.name);
  }
  CHECK(names == std::vector<std::string>{"1:/a", "1:/", "2:/job/step", "2:/job", "2:/"});
}

TEST_CASE("the smallest quota of cores counts") {
  const TemporaryDirectory root;
  write_file(root / "proc/self/cgroup", "0::/job/step\n");
  CHECK_FALSE(core_quota(root.path()));
  write_file(root / "sys/fs/cgroup/job/step/cpu.max", "max 100000\n");
  CHECK_FALSE(core_quota(root.path()));
  write_file(root / "sys/fs/cgroup/job/cpu.max", "150000 100000\n");
  write_file(root / "sys/fs/cgroup/cpu.max", "400000 100000\n");
  CHECK(core_quota(root.path()) == 1.5);
}

TEST_CASE("version 1 of control groups says no quota with -1") {
  const TemporaryDirectory root;
  write_file(root / "proc/self/cgroup", "5:cpu,cpuacct:/job\n");
  write_file(root / "sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "-1\n");
  write_file(root / "sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
  CHECK_FALSE(core_quota(root.path()));
  write_file(root / "sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "300000\n");
  CHECK(core_quota(root.path()) == 3.0);
}

}  // namespace
}  // namespace revnet
