#include "data/dataset.h"

#include <doctest/doctest.h>

#include "data/mean_image.h"

namespace revnet {
namespace {

Dataset numbered(std::size_t size) {
  Dataset set;
  set.name = "numbered";
  set.classes = 50;
  for (std::size_t i = 0; i < size; ++i) {
    set.labels.push_back(static_cast<std::uint8_t>(i));
    for (std::size_t k = 0; k < cifar_bytes; ++k) {
      set.images.push_back(static_cast<std::uint8_t>(i * 31 + k * (i + 1)));
    }
  }
  return set;
}

TEST_CASE("hold_out moves the last images") {
  const Dataset all = numbered(10);
  const Splits splits = hold_out({all, numbered(4)}, 3);
  REQUIRE(splits.train.size() == 7);
  REQUIRE(splits.test.size() == 3);
  CHECK(splits.test.name == "numbered");
  CHECK(splits.test.classes == 50);
  CHECK(splits.train.images.size() == 7 * cifar_bytes);
  CHECK(splits.test.images.size() == 3 * cifar_bytes);
  for (std::size_t i = 0; i < 10; ++i) {
    const Dataset& set = i < 7 ? splits.train : splits.test;
    const std::size_t at = i < 7 ? i : i - 7;
    CHECK(set.labels[at] == i);
    CHECK(std::equal(set.image(at).begin(), set.image(at).end(), all.image(i).begin()));
  }
}

TEST_CASE("hold_out refuses none and all") {
  CHECK_THROWS_AS(hold_out({numbered(5), {}}, 0), UsageError);
  CHECK_THROWS_AS(hold_out({numbered(5), {}}, 5), UsageError);
  CHECK_THROWS_AS(hold_out({numbered(5), {}}, 6), UsageError);
  CHECK_NOTHROW(hold_out({numbered(5), {}}, 4));
}

TEST_CASE("the mean image matches a naive mean") {
  const Dataset set = numbered(37);
  const std::vector<float> mean = mean_image(set);
  REQUIRE(mean.size() == cifar_bytes);
  for (std::size_t k = 0; k < cifar_bytes; ++k) {
    long sum = 0;
    for (std::size_t i = 0; i < 37; ++i) sum += set.images[i * 3072 + k];
    CHECK(mean[k] == static_cast<float>(static_cast<double>(sum) / 37.0));
  }
}

TEST_CASE("the mean of many bright images stays exact") {
  Dataset set;
  set.labels.assign(70'000, 0);
  set.images.assign(70'000 * cifar_bytes, 255);
  set.images[0] = 254;  // beyond 2^24 a float sum would lose this
  const std::vector<float> mean = mean_image(set);
  CHECK(mean[0] == static_cast<float>(255.0 - 1.0 / 70'000));
  CHECK(mean[1] == 255.0f);
}

TEST_CASE("the mean image of an empty set is an error") {
  CHECK_THROWS_AS(mean_image(Dataset{}), Error);
}

}  // namespace
}  // namespace revnet
