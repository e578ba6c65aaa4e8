#include "fused/simd/scratch.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace revnet::testing {
namespace {

TEST_CASE("pieces of scratch memory begin on cache lines, fill the planned size, and do not overlap") {
  constexpr int threads = 3;
  simd::ScratchPlan plan;
  const auto filters = plan.common(20), table = plan.common(16);
  const auto strip = plan.per_thread(17), none = plan.per_thread(0), sums = plan.per_thread(1);
  std::vector<float> scratch(plan.floats(threads));
  std::vector<std::pair<std::ptrdiff_t, std::ptrdiff_t>> pieces;
  const auto note = [&](const float* at, std::ptrdiff_t floats) {
    pieces.push_back({at - scratch.data(), floats});
  };
  note(plan.at(scratch.data(), filters), 20);
  note(plan.at(scratch.data(), table), 16);
  for (int thread = 0; thread < threads; ++thread) {
    note(plan.at(scratch.data(), strip, thread), 17);
    note(plan.at(scratch.data(), none, thread), 0);
    note(plan.at(scratch.data(), sums, thread), 1);
  }
  std::ranges::sort(pieces);
  std::ptrdiff_t end = 0;
  for (const auto& [begin, floats] : pieces) {
    CHECK(begin == end);
    end = begin + (floats + 15) / 16 * 16;
  }
  CHECK(static_cast<std::size_t>(end) == scratch.size());

  const simd::ThreadSums all = plan.sums(scratch.data(), sums, threads);
  for (int thread = 0; thread < threads; ++thread) {
    CHECK(all.first + thread * all.stride == plan.at(scratch.data(), sums, thread));
  }
}

}  // namespace
}  // namespace revnet::testing
