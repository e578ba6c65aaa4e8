#include "system/memory_limit.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>

#include <sys/resource.h>

#include "system/control_groups.h"

namespace revnet {
namespace {

namespace fs = std::filesystem;

std::uint64_t minus(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : 0;
}

// The number a file consists of; nothing if the file is missing or says "max".
std::optional<std::uint64_t> number_in(const fs::path& file) {
  std::ifstream in(file);
  std::uint64_t number = 0;
  if (!(in >> number)) return std::nullopt;
  return number;
}

// The number after `word` at the start of a line, as in /proc/meminfo and memory.stat; 0 if there is none.
std::uint64_t number_after(const fs::path& file, const std::string& word) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    std::string first;
    std::uint64_t number = 0;
    if (fields >> first >> number && first == word) return number;
  }
  return 0;
}

void add_process_limits(const fs::path& root, std::vector<MemoryLimit>& limits) {
  const auto add = [&](auto resource, const char* taken, const char* name) {
    rlimit limit{};
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
    const std::uint64_t used = 1024 * number_after(root / "proc/self/status", taken);
    limits.push_back({minus(limit.rlim_cur, used), name, true});
  };
  add(RLIMIT_AS, "VmSize:", "the address space limit (ulimit -v)");
  add(RLIMIT_DATA, "VmData:", "the data limit (ulimit -d)");
}

// The file names of one version of control groups.
struct GroupFiles {
  const char *limit, *usage;
  // Keys in memory.stat. Files in memory (tmpfs) count as cache, too.
  const char *cache, *shared;
};
constexpr GroupFiles version1{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_cache", "total_shmem"};
constexpr GroupFiles version2{"memory.max", "memory.current", "file", "shmem"};

void add_group_limits(const fs::path& root, std::vector<MemoryLimit>& limits) {
  for (const ControlGroup& group : control_groups("memory", root)) {
    const GroupFiles& files = group.version == 1 ? version1 : version2;
    const std::optional<std::uint64_t> limit = number_in(group.folder / files.limit);
    // Version 1 expresses "no limit" as a number near the largest.
    if (!limit || *limit >= std::uint64_t{1} << 60U) continue;
    const std::uint64_t usage = number_in(group.folder / files.usage).value_or(0);
    // The kernel drops cached files when memory is needed, but has nowhere to put shared memory.
    const fs::path statistics = group.folder / "memory.stat";
    const std::uint64_t droppable =
        minus(number_after(statistics, files.cache), number_after(statistics, files.shared));
    limits.push_back(
        {minus(*limit, minus(usage, droppable)), "the memory limit of the control group " + group.name});
  }
}

}  // namespace

std::vector<MemoryLimit> memory_limits(const fs::path& root) {
  std::vector<MemoryLimit> limits;
  add_process_limits(root, limits);
  add_group_limits(root, limits);
  const fs::path meminfo = root / "proc/meminfo";
  const std::uint64_t available = number_after(meminfo, "MemAvailable:");
  if (available > 0) {
    limits.push_back({1024 * (available + number_after(meminfo, "SwapFree:")), "this machine's free memory"});
  }
  return limits;
}

std::uint64_t MemoryLimit::share(int processes) const {
  return of_process ? left : left / static_cast<std::uint64_t>(processes);
}

MemoryLimit tightest_memory_limit(const std::vector<MemoryLimit>& limits, int processes) {
  const auto share = [&](const MemoryLimit& limit) { return limit.share(processes); };
  const auto least = std::ranges::min_element(limits, {}, share);
  return least == limits.end() ? MemoryLimit{std::numeric_limits<std::uint64_t>::max(), "no limit"} : *least;
}

}  // namespace revnet
