#include "ops/softmax_cross_entropy.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "base/random.h"
#include "reference/gradient_check.h"
#include "reference/support.h"

namespace revnet {
namespace {

using naive::Values;
using Labels = std::vector<std::int32_t>;

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

Labels random_labels(std::int64_t count, std::uint32_t classes) {
  RandomStream random(3, Purpose::synthetic_label, 0, 0);
  Labels labels(static_cast<std::size_t>(count));
  for (std::int32_t& label : labels) label = static_cast<std::int32_t>(random.below(classes));
  return labels;
}

Tensor logits_of(Device& device, std::int64_t classes, const std::vector<float>& values) {
  const auto rows = static_cast<std::int64_t>(values.size()) / classes;
  return filled(device, Layout::plain({rows, classes}), values);
}

// The loss of a single row.
Loss loss_of(const std::vector<float>& row, std::int32_t label) {
  TestDevice device;
  const Labels labels{label};
  return softmax_cross_entropy(logits_of(device, static_cast<std::int64_t>(row.size()), row), labels);
}

std::vector<float> gradient_of(const std::vector<float>& logits, std::int64_t classes, const Labels& labels,
                               std::int64_t images, double smoothing = 0) {
  TestDevice device;
  const Tensor tensor = logits_of(device, classes, logits);
  Tensor diff = poisoned(device, tensor.layout());
  softmax_cross_entropy_backward(tensor, labels, images, diff, smoothing);
  return to_plain(diff);
}

// The library also sums in double, so only rounding of doubles remains.
TEST_CASE("the loss is the reference's sum in double") {
  TestDevice device;
  for (const std::int64_t classes : {10, 100}) {
    for (const std::int64_t batch : {1, 3, 50}) {
      const std::vector<float> logits = random_floats(batch * classes, 1, 2.0);
      const Labels labels = random_labels(batch, static_cast<std::uint32_t>(classes));
      const Loss loss = softmax_cross_entropy(logits_of(device, classes, logits), labels);
      const double exact = naive::cross_entropy(widen(logits), classes, labels);
      CHECK(std::abs(loss.cross_entropy - exact) < 1e-12 * exact);
      CHECK(loss.images == batch);
      CHECK(loss.mean_cross_entropy() == doctest::Approx(exact / static_cast<double>(batch)));
    }
  }
}

TEST_CASE("smoothed labels cost, and pull, as PyTorch defines it") {
  TestDevice device;
  const std::vector<float> logits = random_floats(5 * 7, 1, 2.0);
  const Labels labels{3, 0, 6, 6, 1};
  for (const double smoothing : {0.1, 0.5}) {
    CAPTURE(smoothing);
    CHECK(softmax_cross_entropy(logits_of(device, 7, logits), labels, smoothing).cross_entropy ==
          doctest::Approx(naive::cross_entropy(widen(logits), 7, labels, smoothing)).epsilon(1e-12));
    CHECK(relative_error(gradient_of(logits, 7, labels, 8, smoothing),
                         naive::cross_entropy_backward(widen(logits), 7, labels, 8, smoothing)) < 2e-7);
  }
}

TEST_CASE("errors are counted by the label, however smooth") {
  TestDevice device;
  const Tensor logits = logits_of(device, 3, {1, 2, 3});
  CHECK(softmax_cross_entropy(logits, Labels{2}, 0.9).errors == 0);
  CHECK(softmax_cross_entropy(logits, Labels{1}, 0.9).errors == 1);
}

TEST_CASE("equal logits cost the logarithm of the number of classes") {
  CHECK(loss_of(std::vector<float>(10, 0.7f), 4).cross_entropy == doctest::Approx(std::log(10.0)));
}

TEST_CASE("errors are counted") {
  TestDevice device;
  const Tensor logits = logits_of(device, 3, {1, 2, 3, 3, 2, 1, 0, 5, 0, -1, -2, -3});
  CHECK(softmax_cross_entropy(logits, Labels{2, 0, 1, 0}).errors == 0);
  CHECK(softmax_cross_entropy(logits, Labels{0, 0, 1, 0}).errors == 1);
  const Loss loss = softmax_cross_entropy(logits, Labels{0, 1, 1, 2});
  CHECK(loss.errors == 3);
  CHECK(loss.error_percent() == 75.0);
}

TEST_CASE("a tie counts as the lower class") {
  CHECK(loss_of({1, 4, 4, 0}, 1).errors == 0);
  CHECK(loss_of({1, 4, 4, 0}, 2).errors == 1);
}

TEST_CASE("NaN logits are errors wherever they occur") {
  for (std::int32_t label = 0; label < 3; ++label) {
    for (std::size_t bad = 0; bad < 3; ++bad) {
      CAPTURE(label);
      CAPTURE(bad);
      std::vector<float> row{0, 0, 0};
      row[static_cast<std::size_t>(label)] = 5;
      CHECK(loss_of(row, label).errors == 0);
      row[bad] = nan;
      const Loss loss = loss_of(row, label);
      CHECK(loss.errors == 1);
      CHECK(std::isnan(loss.cross_entropy));
    }
  }
}

TEST_CASE("infinite logits are errors") {
  CHECK(loss_of({infinity, 0, 0}, 0).errors == 1);
  CHECK(loss_of({infinity, 0, 0}, 1).errors == 1);
  CHECK_FALSE(std::isfinite(loss_of({infinity, 0, 0}, 0).cross_entropy));
}

TEST_CASE("large logits do not overflow") {
  CHECK(loss_of({1e4f, 0, -1e4f}, 0).cross_entropy == 0.0);
  CHECK(loss_of({1e4f, 0, -1e4f}, 2).cross_entropy == 2e4);
  for (const float large : {1e4f, -1e4f, 3e38f, -3e38f}) {
    CHECK(loss_of({large, large}, 1).cross_entropy == doctest::Approx(std::log(2.0)));
  }
  CHECK(gradient_of({1e4f, 0, -1e4f}, 3, {2}, 1) == std::vector<float>{1, 0, -1});
}

TEST_CASE("rows beyond the labels are left out") {
  TestDevice device;
  // Rows beyond the labels may hold anything, such as the padding of a last batch.
  std::vector<float> logits = random_floats(5 * 10, 2);
  const std::vector<float> first(logits.begin(), logits.begin() + 30);
  std::fill(logits.begin() + 30, logits.end(), nan);
  const Labels labels = random_labels(3, 10);
  const Loss part = softmax_cross_entropy(logits_of(device, 10, logits), labels);
  const Loss whole = softmax_cross_entropy(logits_of(device, 10, first), labels);
  CHECK(part.cross_entropy == whole.cross_entropy);
  CHECK(part.errors == whole.errors);
  CHECK(part.images == 3);

  const std::vector<float> diff = gradient_of(logits, 10, labels, 3);
  const std::vector<float> expected = gradient_of(first, 10, labels, 3);
  CHECK(std::equal(expected.begin(), expected.end(), diff.begin()));
  CHECK(std::all_of(diff.begin() + 30, diff.end(), [](float x) { return x == 0.0f; }));
}

TEST_CASE("no labels cost nothing") {
  TestDevice device;
  const Loss loss = softmax_cross_entropy(logits_of(device, 10, random_floats(20, 1)), {});
  CHECK(loss.cross_entropy == 0.0);
  CHECK(loss.images == 0);
  CHECK(gradient_of(random_floats(20, 1), 10, {}, 2) == std::vector<float>(20, 0.0f));
}

TEST_CASE("losses of shards add up") {
  Loss loss{1.5, 2, 3};
  loss += {0.25, 1, 4};
  CHECK(loss.cross_entropy == 1.75);
  CHECK(loss.errors == 3);
  CHECK(loss.images == 7);
}

// `images` may exceed the rows here, as it does for a shard of a larger batch.
TEST_CASE("the gradient of the loss agrees with the reference") {
  for (const std::int64_t classes : {10, 100}) {
    for (const std::int64_t batch : {1, 3, 7}) {
      for (const std::int64_t images : {batch, 2 * batch}) {
        const std::vector<float> logits = random_floats(batch * classes, 5, 2.0);
        const Labels labels = random_labels(batch, static_cast<std::uint32_t>(classes));
        check_gradient("logits", gradient_of(logits, classes, labels, images),
                       naive::cross_entropy_backward(widen(logits), classes, labels, images), widen(logits),
                       [&](const Values& x) {
                         return naive::cross_entropy(x, classes, labels) / static_cast<double>(images);
                       });
      }
    }
  }
}

TEST_CASE("the gradient of the loss may overwrite the logits") {
  TestDevice device;
  const std::vector<float> values = random_floats(4 * 10, 6, 2.0);
  const Labels labels = random_labels(3, 10);  // one row has none
  Tensor logits = logits_of(device, 10, values);
  softmax_cross_entropy_backward(logits, labels, 3, logits);
  CHECK(to_plain(logits) == gradient_of(values, 10, labels, 3));
}

}  // namespace
}  // namespace revnet
