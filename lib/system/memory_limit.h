// How much memory this process may still take.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace revnet {

struct MemoryLimit {
  std::uint64_t left = 0;  // bytes that may be taken before it is reached
  std::string name;        // "the address space limit (ulimit -v)"
};

// All that are set: of the process (RLIMIT_AS, RLIMIT_DATA), of its control groups (version 1 or 2, caches
// not counted as taken), and what the machine has free, swap space included. `root`: where proc and sys lie,
// for tests.
std::vector<MemoryLimit> memory_limits(const std::filesystem::path& root = "/");

// The one with the least left.
MemoryLimit tightest_memory_limit(const std::vector<MemoryLimit>& limits);

}  // namespace revnet
