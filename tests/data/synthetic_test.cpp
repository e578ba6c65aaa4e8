#include "data/synthetic.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include <doctest/doctest.h>

#include "data/mean_image.h"
#include "data/shapes.h"

namespace revnet {
namespace {

std::uint64_t fnv1a(const std::vector<std::uint8_t>& bytes) {
  std::uint64_t hash = 14695981039346656037ull;
  for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 1099511628211ull;
  return hash;
}

// Strings, because g++ 12 gives a false warning (stringop-overread) about ordered vectors of bytes.
std::set<std::string> images_of(const Dataset& set) {
  std::set<std::string> images;
  for (std::size_t i = 0; i < set.size(); ++i) images.emplace(set.image(i).begin(), set.image(i).end());
  return images;
}

TEST_CASE("the synthetic set has the documented form") {
  const Splits splits = make_synthetic(1, 200, 100);
  for (const Dataset* set : {&splits.train, &splits.test}) {
    CHECK(set->name == "synthetic");
    CHECK(set->classes == 10);
    CHECK(set->images.size() == set->size() * cifar_bytes);
    for (std::uint8_t label = 0; label < 10; ++label) {
      CHECK(std::ranges::count(set->labels, label) == static_cast<long>(set->size() / 10));
    }
  }
  CHECK(splits.train.size() == 200);
  CHECK(splits.test.size() == 100);
}

TEST_CASE("synthetic sizes default to 10000 and 2000 and must not be zero") {
  CHECK(synthetic_train_size == 10'000);
  CHECK(synthetic_test_size == 2'000);
  CHECK_THROWS_AS(make_synthetic(1, 0, 10), UsageError);
  CHECK_THROWS_AS(make_synthetic(1, 10, 0), UsageError);
}

TEST_CASE("the same seed gives the same bytes, and a larger set begins with the smaller") {
  const Splits small = make_synthetic(3, 40, 20);
  const Splits large = make_synthetic(3, 60, 50);
  CHECK(small.train.images == make_synthetic(3, 40, 20).train.images);
  CHECK(std::equal(small.train.images.begin(), small.train.images.end(), large.train.images.begin()));
  CHECK(std::equal(small.test.images.begin(), small.test.images.end(), large.test.images.begin()));
}

// Published results name a seed. Changing these bytes changes the data set and would require a new name for
// it.
TEST_CASE("the synthetic bytes are those of the first release") {
  const Splits splits = make_synthetic(1, 50, 20);
  CHECK(fnv1a(splits.train.images) == 8552065773242251322ull);
  CHECK(fnv1a(splits.test.images) == 6747024672631473444ull);
}

TEST_CASE("seeds, splits and indices give different images") {
  const Splits one = make_synthetic(1, 100, 100);
  const Splits two = make_synthetic(2, 100, 100);
  auto all = images_of(one.train);
  CHECK(all.size() == 100);
  for (const Dataset* set : {&one.test, &two.train, &two.test}) all.merge(images_of(*set));
  CHECK(all.size() == 400);
}

TEST_CASE("synthetic classes cannot be told apart by their mean images") {
  const Splits splits = make_synthetic(1, 2000, 1000);
  std::vector<std::vector<float>> means;
  for (std::uint8_t label = 0; label < 10; ++label) {
    Dataset members;
    for (std::size_t i = 0; i < splits.train.size(); ++i) {
      if (splits.train.labels[i] != label) continue;
      members.labels.push_back(label);
      members.images.insert(members.images.end(), splits.train.image(i).begin(), splits.train.image(i).end());
    }
    means.push_back(mean_image(members));
  }
  int errors = 0;
  for (std::size_t i = 0; i < splits.test.size(); ++i) {
    std::size_t nearest = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t label = 0; label < 10; ++label) {
      double distance = 0;
      for (std::size_t k = 0; k < cifar_bytes; ++k) {
        const double difference = splits.test.image(i)[k] - static_cast<double>(means[label][k]);
        distance += difference * difference;
      }
      if (distance < least) {
        least = distance;
        nearest = label;
      }
    }
    errors += nearest != splits.test.labels[i];
  }
  CHECK(errors > 600);  // measured: 82 % on the whole set
}

// The area of a shape, as a share of the square it is drawn in, by counting points.
double area(DrawnShape shape) {
  int inside = 0;
  for (int y = 0; y < 200; ++y) {
    for (int x = 0; x < 200; ++x) {
      inside += distance_outside(shape, (x - 99.5) / 100, (y - 99.5) / 100) < 0;
    }
  }
  return inside / 40'000.0;
}

TEST_CASE("shapes have the areas that geometry gives") {
  const double pi = 3.14159265358979;
  CHECK(area(DrawnShape::disc) == doctest::Approx(pi * 0.88 * 0.88 / 4).epsilon(0.01));
  CHECK(area(DrawnShape::square) == doctest::Approx(1.5 * 1.5 / 4).epsilon(0.02));
  CHECK(area(DrawnShape::ring) == doctest::Approx(pi * (0.92 * 0.92 - 0.48 * 0.48) / 4).epsilon(0.01));
  CHECK(area(DrawnShape::cross) == doctest::Approx((2 * 1.9 * 0.6 - 0.36) / 4).epsilon(0.02));
  CHECK(area(DrawnShape::frame) == doctest::Approx((1.62 * 1.62 - 0.86 * 0.86) / 4).epsilon(0.02));
  CHECK(area(DrawnShape::triangle) == doctest::Approx(3 * std::sqrt(3.0) * 0.52 * 0.52 / 4).epsilon(0.02));
  CHECK(area(DrawnShape::bow_tie) == doctest::Approx(2 * 0.85 * 0.85 / 4).epsilon(0.02));
  CHECK(area(DrawnShape::stripes) == doctest::Approx(pi * 0.92 * 0.92 / 8).epsilon(0.15));
  CHECK(area(DrawnShape::checkers) == doctest::Approx(pi * 0.92 * 0.92 / 8).epsilon(0.15));
}

TEST_CASE("shapes fit their circle and differ from each other") {
  std::set<std::vector<bool>> masks;
  for (int shape = 0; shape < shape_count; ++shape) {
    std::vector<bool> mask;
    int outside_circle = 0;
    for (int y = -24; y <= 24; ++y) {
      for (int x = -24; x <= 24; ++x) {
        const double u = x / 20.0;
        const double v = y / 20.0;
        const bool inside = distance_outside(static_cast<DrawnShape>(shape), u, v) < 0;
        mask.push_back(inside);
        outside_circle +=
            inside && u * u + v * v > 1.45;  // the square's corners reach 1.15, the bow tie's 1.2
      }
    }
    CHECK(outside_circle == 0);
    CHECK(std::ranges::count(mask, true) > 200);
    masks.insert(mask);
  }
  CHECK(masks.size() == shape_count);
}

}  // namespace
}  // namespace revnet
