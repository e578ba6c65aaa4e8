#include "system/host.h"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>
#include <omp.h>

namespace revnet {
namespace {

TEST_CASE("host and processor have names") {
  CHECK_FALSE(host_name().empty());
  CHECK_FALSE(cpu_name().empty());
}

TEST_CASE("usable cores are those that OpenMP counts, in order") {
  const std::vector<int> cores = usable_cores();
  CHECK(static_cast<int>(cores.size()) == omp_get_num_procs());
  CHECK(std::ranges::is_sorted(cores));
  CHECK(cores.size() <= static_cast<std::size_t>(cores_of_host()));
}

TEST_CASE("peak resident bytes follow what is touched") {
  constexpr std::size_t more = 64 << 20;
  const std::uint64_t before = peak_resident_bytes();
  std::vector<char> memory(before + more, 1);  // beyond any earlier peak
  CHECK(memory[more] == 1);
  CHECK(peak_resident_bytes() >= before + more);
}

}  // namespace
}  // namespace revnet
