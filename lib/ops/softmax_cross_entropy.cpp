#include "ops/softmax_cross_entropy.h"

#include <algorithm>
#include <cmath>

namespace revnet {
namespace {

// log(sum(exp(row))) as two summands, so that neither overflows nor is absorbed by the other.
struct LogSumExp {
  double largest, log_of_rest;

  explicit LogSumExp(std::span<const float> row) : largest(*std::max_element(row.begin(), row.end())) {
    double sum = 0.0;
    for (const float x : row) sum += std::exp(x - largest);
    log_of_rest = std::log(sum);
  }
  // -log(softmax(row)[i]) for the logit x = row[i].
  double cross_entropy(float x) const { return (largest - x) + log_of_rest; }
  // The mean of that over all classes.
  double mean_cross_entropy(std::span<const float> row) const {
    double sum = 0.0;
    for (const float x : row) sum += cross_entropy(x);
    return sum / static_cast<double>(row.size());
  }
};

std::span<const float> row_of(const Tensor& logits, std::size_t row) {
  const auto classes = static_cast<std::size_t>(logits.shape()[1]);
  return {logits.data() + row * classes, classes};
}

}  // namespace

Loss& Loss::operator+=(const Loss& other) {
  cross_entropy += other.cross_entropy;
  errors += other.errors;
  images += other.images;
  return *this;
}

Loss softmax_cross_entropy(const Tensor& logits, std::span<const std::int32_t> labels, double smoothing) {
  Loss loss;
  loss.images = static_cast<std::int64_t>(labels.size());
  logits.device().perform({Operation::loss, 0, 0, static_cast<double>(logits.bytes())}, [&] {
    for (std::size_t n = 0; n < labels.size(); ++n) {
      const std::span<const float> row = row_of(logits, n);
      const auto label = static_cast<std::size_t>(labels[n]);
      const LogSumExp normalizer(row);
      double cross_entropy = normalizer.cross_entropy(row[label]);
      if (smoothing > 0) {
        cross_entropy = (1 - smoothing) * cross_entropy + smoothing * normalizer.mean_cross_entropy(row);
      }
      loss.cross_entropy += cross_entropy;
      const auto best = static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
      // A NaN anywhere in the row makes its cross entropy NaN. It counts as an error whatever max_element
      // returns.
      if (best != label || !std::isfinite(cross_entropy)) ++loss.errors;
    }
  });
  return loss;
}

void softmax_cross_entropy_backward(const Tensor& logits, std::span<const std::int32_t> labels,
                                    std::int64_t images, Tensor& diff_logits, double smoothing) {
  logits.device().perform(
      {Operation::loss, 0, 0, static_cast<double>(logits.bytes() + diff_logits.bytes())}, [&] {
        const auto classes = static_cast<std::size_t>(logits.shape()[1]);
        const double share = 1.0 / static_cast<double>(images);
        const double spread = smoothing / static_cast<double>(classes);
        std::span<float> diff = diff_logits.values();
        for (std::size_t n = 0; n < labels.size(); ++n) {
          const std::span<const float> row = row_of(logits, n);
          const LogSumExp normalizer(row);
          for (std::size_t k = 0; k < classes; ++k) {
            const double label = static_cast<std::size_t>(labels[n]) == k ? 1.0 - smoothing : 0.0;
            diff[n * classes + k] =
                static_cast<float>((std::exp(-normalizer.cross_entropy(row[k])) - (label + spread)) * share);
          }
        }
        std::fill(diff.begin() + static_cast<std::ptrdiff_t>(labels.size() * classes), diff.end(), 0.0f);
      });
}

}  // namespace revnet
