// Smoothed labels against PyTorch's definition (CrossEntropyLoss, label_smoothing), written out in double.
#include <cmath>

#include <doctest/doctest.h>

#include "ops/softmax_cross_entropy.h"
#include "reference/support.h"

namespace revnet {
namespace {

constexpr std::int64_t classes = 7;
const std::vector<std::int32_t> labels{3, 0, 6, 6, 1};

double probability(const std::vector<float>& logits, std::size_t row, std::size_t k) {
  double sum = 0;
  for (std::size_t j = 0; j < classes; ++j) sum += std::exp(static_cast<double>(logits[row * classes + j]));
  return std::exp(static_cast<double>(logits[row * classes + k])) / sum;
}

double target(std::size_t row, std::size_t k, double smoothing) {
  const bool is_label = static_cast<std::size_t>(labels[row]) == k;
  return (is_label ? 1 - smoothing : 0) + smoothing / classes;
}

TEST_CASE("smoothed labels cost, and pull, as PyTorch defines it") {
  TestDevice device;
  const auto rows = static_cast<std::int64_t>(labels.size());
  const std::vector<float> values = random_floats(rows * classes, 1, 2.0);
  const Tensor logits = filled(device, Layout::plain({rows, classes}), values);
  for (const double smoothing : {0.0, 0.1, 0.5}) {
    CAPTURE(smoothing);
    double loss = 0;
    naive::Values gradient;
    for (std::size_t n = 0; n < labels.size(); ++n) {
      for (std::size_t k = 0; k < classes; ++k) {
        const double p = probability(values, n, k);
        loss -= target(n, k, smoothing) * std::log(p);
        gradient.push_back((p - target(n, k, smoothing)) / 8);
      }
    }
    CHECK(softmax_cross_entropy(logits, labels, smoothing).cross_entropy ==
          doctest::Approx(loss).epsilon(1e-12));
    Tensor diff = poisoned(device, logits.layout());
    softmax_cross_entropy_backward(logits, labels, 8, diff, smoothing);
    CHECK(relative_error(to_plain(diff), gradient) < 2e-7);  // of rounding to float
  }
}

TEST_CASE("errors are counted by the label, however smooth") {
  TestDevice device;
  const Tensor logits = filled(device, Layout::plain({1, 3}), std::vector<float>{1, 2, 3});
  CHECK(softmax_cross_entropy(logits, std::vector<std::int32_t>{2}, 0.9).errors == 0);
  CHECK(softmax_cross_entropy(logits, std::vector<std::int32_t>{1}, 0.9).errors == 1);
}

}  // namespace
}  // namespace revnet
