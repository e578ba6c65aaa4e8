#include "system/control_groups.h"

#include <algorithm>
#include <fstream>

namespace revnet {
namespace {

namespace fs = std::filesystem;

// Version 1 mounts each controller apart.
void add_with_enclosing(int version, const fs::path& mount, const fs::path& group,
                        std::vector<ControlGroup>& groups) {
  fs::path inside = group.relative_path();
  while (true) {
    groups.push_back({version, mount / inside, "/" + inside.string()});
    if (inside.empty()) return;
    inside = inside.parent_path();
  }
}

// The quota of one group, or nothing: "max" in version 2 and -1 in version 1 say that there is none.
std::optional<double> quota_of(const ControlGroup& group) {
  double quota = 0, period = 0;
  if (group.version == 2) {
    std::ifstream in(group.folder / "cpu.max");
    if (!(in >> quota >> period)) return std::nullopt;
  } else {
    std::ifstream quota_in(group.folder / "cpu.cfs_quota_us"), period_in(group.folder / "cpu.cfs_period_us");
    if (!(quota_in >> quota) || !(period_in >> period)) return std::nullopt;
  }
  if (quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

}  // namespace

// Lines of /proc/self/cgroup: "0::/group" is version 2, "5:cpu,memory:/group" version 1.
std::vector<ControlGroup> control_groups(const std::string& controller, const fs::path& root) {
  std::vector<ControlGroup> groups;
  const fs::path mount = root / "sys/fs/cgroup";
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string group = line.substr(second + 1);
    if (controllers == ",,") add_with_enclosing(2, mount, group, groups);
    if (controllers.find("," + controller + ",") != std::string::npos) {
      add_with_enclosing(1, mount / controller, group, groups);
    }
  }
  return groups;
}

std::optional<double> core_quota(const fs::path& root) {
  std::optional<double> least;
  for (const ControlGroup& group : control_groups("cpu", root)) {
    const std::optional<double> quota = quota_of(group);
    if (quota) least = std::min(*quota, least.value_or(*quota));
  }
  return least;
}

}  // namespace revnet
