#include "train/micro_batch_sum.h"

#include <algorithm>
#include <cmath>

#include "tensor/parallel.h"
#include "train/network_statistics.h"

namespace revnet {
namespace {

REVNET_MULTITARGET void add_to(float* sum, const float* value, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) sum[i] += value[i];
}

// sum += value
void add_to(Device& device, Tensor& sum, const Tensor& value) {
  const auto count = static_cast<std::int64_t>(value.values().size());
  device.perform({Operation::optimizer, 0, 0, 3.0 * static_cast<double>(value.bytes())}, [&] {
    parallel_ranges(count, 8192, [&](std::int64_t begin, std::int64_t end) {
      add_to(sum.data() + begin, value.data() + begin, end - begin);
    });
  });
}

}  // namespace

MicroBatchSum::MicroBatchSum(Device& device, const Network& network, std::int64_t count, double decay)
    : device_(device),
      network_(network),
      count_(count),
      decay_(decay),
      statistics_(statistics_count(network), 0.0) {
  for (const Parameter* parameter : network_.parameters()) {
    gradients_.emplace_back(device_, parameter->gradient.layout(), MemoryPurpose::gradients);
    set_zero(gradients_.back());
  }
}

double MicroBatchSum::weight(std::int64_t index) const {
  return (1 - decay_) * std::pow(decay_, static_cast<double>(count_ - 1 - index)) /
         (1 - std::pow(decay_, static_cast<double>(count_)));
}

void MicroBatchSum::add(std::int64_t index) {
  if (index == 0) {
    for (Tensor& gradient : gradients_) set_zero(gradient);
    std::ranges::fill(statistics_, 0.0);
    completed_ = gradients_.size();
  }
  for (std::size_t i = 0; i < gradients_.size(); ++i) {
    add_to(device_, gradients_[i], network_.parameters()[i]->gradient);
  }
  each_statistic(network_, &Norm::batch, [&](std::span<float> values, std::size_t place) {
    for (std::size_t c = 0; c < values.size(); ++c) statistics_[place + c] += weight(index) * values[c];
  });
}

void MicroBatchSum::complete_gradients(std::size_t first) {
  while (completed_ > first) {
    --completed_;
    add_to(device_, network_.parameters()[completed_]->gradient, gradients_[completed_]);
  }
}

double MicroBatchSum::statistic(std::size_t place, double last) const {
  return statistics_[place] + weight(count_ - 1) * last;
}

void MicroBatchSum::complete_statistics() {
  each_statistic(network_, &Norm::batch, [&](std::span<float> values, std::size_t place) {
    for (std::size_t c = 0; c < values.size(); ++c) {
      values[c] = static_cast<float>(statistic(place + c, values[c]));
    }
  });
}

}  // namespace revnet
