// The control groups of this process (versions 1 and 2), in which systemd, Slurm and containers set limits.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace revnet {

struct ControlGroup {
  int version = 2;
  std::filesystem::path folder;  // of its files
  std::string name;              // "/job/step"
};

// The groups that a controller, such as "memory", may limit this process by: its own and each that encloses
// it, innermost first. Tests pass a `root` with a proc and sys of their own.
std::vector<ControlGroup> control_groups(const std::string& controller,
                                         const std::filesystem::path& root = "/");

// How many cores' time the groups grant this process (docker run --cpus, Kubernetes' limits), which may be
// less than the cores it may run on; nothing if no group has a quota.
std::optional<double> core_quota(const std::filesystem::path& root = "/");

}  // namespace revnet
