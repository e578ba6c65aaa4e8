#include "data/memory_source.h"

#include <array>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "data/synthetic.h"

namespace revnet {
namespace {

TEST_CASE("evaluation with some images takes them from all classes, also where labels recur") {
  constexpr std::size_t all = 200, used = 40, classes = 10, batch = 20;
  MemorySource source(make_synthetic(1, 20, all), 1, {});
  source.limit_evaluation(used);
  REQUIRE(source.evaluation_size() == used);
  std::vector<float> images(batch * image_bytes);
  std::vector<std::int32_t> labels(batch);
  std::array<int, classes> count{};
  for (std::size_t first = 0; first < used; first += batch) {
    REQUIRE(source.fill_evaluation(first, used, images, labels) == batch);
    for (const std::int32_t label : labels) ++count.at(static_cast<std::size_t>(label));
  }
  for (const int images_of_class : count) CHECK(images_of_class == used / classes);
}

}  // namespace
}  // namespace revnet
