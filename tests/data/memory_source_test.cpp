#include "data/memory_source.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "data/mean_image.h"
#include "data/synthetic.h"

namespace revnet {
namespace {

TEST_CASE("evaluation with some images takes them from all classes, also where labels recur") {
  constexpr std::size_t all = 200, used = 40, classes = 10, batch = 20;
  MemorySource source(make_synthetic(1, 20, all), 1, {});
  source.limit_evaluation(used);
  REQUIRE(source.evaluation_size() == used);
  std::vector<float> images(batch * cifar_bytes);
  std::vector<std::int32_t> labels(batch);
  std::array<int, classes> count{};
  for (std::size_t first = 0; first < used; first += batch) {
    REQUIRE(source.fill_evaluation(first, used, images, labels) == batch);
    for (const std::int32_t label : labels) ++count.at(static_cast<std::size_t>(label));
  }
  for (const int images_of_class : count) CHECK(images_of_class == used / classes);
}

TEST_CASE("evaluation goes through the set in order, up to where the caller's share ends") {
  const Splits splits = make_synthetic(5, 30, 7);
  const std::vector<float> mean = mean_image(splits.train);
  MemorySource source(splits, 1, {});
  for (const std::size_t first : {0U, 3U, 6U, 7U, 9U}) {
    for (const std::size_t end : {5U, 7U}) {
      std::vector<float> images(3 * cifar_bytes);
      std::vector<std::int32_t> labels(3, -1);
      const std::size_t real = source.fill_evaluation(first, end, images, labels);
      CHECK(real == std::min<std::size_t>(3, end - std::min(first, end)));
      std::size_t wrong = 0;
      for (std::size_t n = 0; n < 3; ++n) {
        CHECK(labels[n] == (n < real ? splits.test.labels[first + n] : 0));
        for (std::size_t k = 0; n < real && k < cifar_bytes; ++k) {
          wrong +=
              images[n * cifar_bytes + k] != static_cast<float>(splits.test.image(first + n)[k]) - mean[k];
        }
      }
      CHECK(wrong == 0);
    }
  }
}

}  // namespace
}  // namespace revnet
