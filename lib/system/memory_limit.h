// How much more memory this process may use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace revnet {

struct MemoryLimit {
  std::uint64_t left = 0;  // bytes that can still be taken under this limit
  std::string name;        // "the address space limit (ulimit -v)"
};

// All limits in force: of the process (RLIMIT_AS, RLIMIT_DATA), of its control groups (versions 1 and 2; page
// cache does not count as used), and the machine's free memory including swap. Tests pass a `root` with a
// proc and sys of their own.
std::vector<MemoryLimit> memory_limits(const std::filesystem::path& root = "/");

MemoryLimit tightest_memory_limit(const std::vector<MemoryLimit>& limits);

}  // namespace revnet
