// How much more memory this process may use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace revnet {

struct MemoryLimit {
  std::uint64_t left = 0;   // bytes that can still be taken under this limit
  std::string name;         // "the address space limit (ulimit -v)"
  bool of_process = false;  // other processes like this one have a limit of their own

  // What each of so many processes on this machine may take.
  std::uint64_t share(int processes) const;
};

// All limits in force: of the process (RLIMIT_AS, RLIMIT_DATA), of its control groups (versions 1 and 2; page
// cache does not count as used), and the machine's free memory including swap. Tests pass a `root` with a
// proc and sys of their own.
std::vector<MemoryLimit> memory_limits(const std::filesystem::path& root = "/");

// The limit that leaves least to each of so many processes.
MemoryLimit tightest_memory_limit(const std::vector<MemoryLimit>& limits, int processes = 1);

}  // namespace revnet
