#include "train/micro_batch_sum.h"

#include <algorithm>
#include <cmath>

#include "ops/elementwise.h"
#include "train/network_statistics.h"

namespace revnet {

MicroBatchSum::MicroBatchSum(Device& device, Network& network, std::int64_t count, double decay)
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
    revnet::add(network_.parameters()[i]->gradient, gradients_[i], Operation::optimizer);
  }
  each_statistic(network_, &Norm::batch, [&, share = weight(index)](float value, std::size_t place) {
    statistics_[place] += share * value;
  });
}

void MicroBatchSum::complete_gradients(std::size_t first) {
  while (completed_ > first) {
    --completed_;
    revnet::add(gradients_[completed_], network_.parameters()[completed_]->gradient, Operation::optimizer);
  }
}

double MicroBatchSum::mean_statistic(std::size_t place, double last) const {
  return statistics_[place] + weight(count_ - 1) * last;
}

void MicroBatchSum::complete_statistics() {
  each_statistic(network_, &Norm::batch, [&](float& value, std::size_t place) {
    value = static_cast<float>(mean_statistic(place, value));
  });
}

}  // namespace revnet
