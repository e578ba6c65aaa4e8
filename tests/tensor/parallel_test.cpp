#include "tensor/parallel.h"

#include <mutex>
#include <vector>

#include <doctest/doctest.h>

namespace revnet {
namespace {

struct Range {
  std::int64_t begin, end;
  bool operator==(const Range&) const = default;
};

std::vector<Range> ranges_of(std::int64_t count, std::int64_t grain) {
  std::mutex mutex;
  std::vector<Range> ranges;
  parallel_ranges(count, grain, [&](std::int64_t begin, std::int64_t end) {
    const std::lock_guard lock(mutex);
    ranges.push_back({begin, end});
  });
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
  return ranges;
}

TEST_CASE("parallel ranges cover everything exactly once") {
  for (const int threads : {1, 2}) {
    omp_set_num_threads(threads);
    for (const std::int64_t grain : {1, 3, 16, 4096}) {
      for (const std::int64_t count : {0, 1, 2, 3, 5, 15, 16, 17, 31, 32, 33, 100, 4095, 4096, 4097, 12289}) {
        CAPTURE(threads);
        CAPTURE(grain);
        CAPTURE(count);
        std::int64_t reached = 0;
        const std::vector<Range> ranges = ranges_of(count, grain);
        for (const Range& range : ranges) {
          CHECK(range.begin == reached);
          CHECK(range.begin % grain == 0);
          CHECK(range.end > range.begin);
          reached = range.end;
        }
        CHECK(reached == count);
        CHECK(ranges.size() <= static_cast<std::size_t>(threads));
      }
    }
  }
}

TEST_CASE("two threads share the grains evenly") {
  omp_set_num_threads(2);
  CHECK(ranges_of(100, 1) == std::vector<Range>{{0, 50}, {50, 100}});
  CHECK(ranges_of(100, 30) == std::vector<Range>{{0, 60}, {60, 100}});
  CHECK(ranges_of(30, 30) == std::vector<Range>{{0, 30}});
}

}  // namespace
}  // namespace revnet
