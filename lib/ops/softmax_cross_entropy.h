// Softmax cross entropy and its gradient, accumulated in double.
#pragma once

#include <cstdint>
#include <span>

#include "tensor/tensor.h"

namespace revnet {

// Sums over images, so that the losses of a batch's shards can be added.
struct Loss {
  double cross_entropy = 0.0;  // nats
  // Images whose largest logit is not their label's, where ties go to the lower class, or whose cross entropy
  // is not finite.
  std::int64_t errors = 0;
  std::int64_t images = 0;

  double mean_cross_entropy() const { return cross_entropy / static_cast<double>(images); }
  double error_percent() const { return 100.0 * static_cast<double>(errors) / static_cast<double>(images); }
  Loss& operator+=(const Loss& other);
};

// The loss of the first `labels.size()` rows of logits [N, classes]. Of each label, `smoothing` is spread
// evenly over all classes: targets are (1 - smoothing) * one_hot(labels) + smoothing / classes.
Loss softmax_cross_entropy(const Tensor& logits, std::span<const std::int32_t> labels, double smoothing = 0);

// diff_logits = (softmax(logits) - targets) / images, the gradient of the mean over `images` images.
// Overwrites diff_logits, which may be logits. Rows beyond the labels become zero.
void softmax_cross_entropy_backward(const Tensor& logits, std::span<const std::int32_t> labels,
                                    std::int64_t images, Tensor& diff_logits, double smoothing = 0);

}  // namespace revnet
