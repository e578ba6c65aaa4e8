#include "ranks/rank_placement.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "files.h"

namespace revnet {
namespace {

TEST_CASE("the placement of ranks is described by host and core") {
  CHECK(format_cores({0, 1, 2, 3, 8}) == "0-3,8");
  CHECK(format_cores({5}) == "5");
  const PlacementReport alone = describe_placement({{"a", 4, {0, 1}, 2}});
  CHECK(alone.lines.empty());
  CHECK(alone.warnings ==
        std::vector<std::string>{"4 threads on 2 cores will wait for each other; use --threads 2"});
  CHECK(describe_placement({{"a", 2, {0, 1}, 2}}).warnings.empty());

  const PlacementReport fitting =
      describe_placement({{"a", 2, {0, 1}, 4}, {"a", 2, {2, 3}, 4}, {"b", 1, {0}, 1}});
  REQUIRE(fitting.lines.size() == 2);
  CHECK(fitting.lines[0] == "a: rank 0 with 2 threads on cores 0-1, rank 1 with 2 threads on cores 2-3");
  CHECK(fitting.lines[1] == "b: rank 2 with 1 thread on core 0");
  CHECK(fitting.warnings.empty());

  const PlacementReport crowded = describe_placement({{"a", 2, {0, 1}, 2}, {"a", 2, {0, 1}, 2}});
  REQUIRE(crowded.warnings.size() == 1);
  CHECK(testing::contains(crowded.warnings[0], "4 threads on 2 cores"));
  const PlacementReport idle = describe_placement({{"a", 1, {0}, 8}, {"a", 1, {1}, 8}});
  REQUIRE(idle.warnings.size() == 1);
  CHECK(testing::contains(idle.warnings[0], "PE=N"));
}

}  // namespace
}  // namespace revnet
