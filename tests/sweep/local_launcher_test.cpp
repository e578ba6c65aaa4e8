#include "sweep/local_launcher.h"

#include <doctest/doctest.h>

#include "system/host.h"
#include "system/process.h"

namespace revnet {
namespace {

TEST_CASE("cores are split evenly and used once") {
  using Groups = std::vector<std::vector<int>>;
  CHECK(split_cores({0, 1, 2, 3}, 2) == Groups{{0, 1}, {2, 3}});
  CHECK(split_cores({3, 5, 7}, 2) == Groups{{3}, {5, 7}});
  CHECK(split_cores({0, 1}, 5) == Groups{{0}, {1}});
  CHECK(split_cores({4}, 1) == Groups{{4}});
}

TEST_CASE("a sweep plans with --memory or the tightest limit of its process") {
  LocalOptions options;
  const std::string name = "the address space limit (ulimit -v)";
  constexpr std::uint64_t gigabyte = 1'000'000'000;
  const ProcessResult limited = call_in_child(
      [&] {
        const MemoryLimit limit = memory_for_jobs(options);
        return limit.left <= gigabyte ? limit.name : "more than there is";
      },
      {.address_space = address_space_bytes() + gigabyte});
  CHECK(limited.out == name);
  options.memory_bytes = 5 * gigabyte;
  CHECK(memory_for_jobs(options).left == 5 * gigabyte);
  CHECK(memory_for_jobs(options).name == "--memory");
}

}  // namespace
}  // namespace revnet
