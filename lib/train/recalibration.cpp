#include "train/recalibration.h"

#include <algorithm>

#include "train/network_statistics.h"

namespace revnet {

Recalibration::Recalibration(Network& network, Communicator& communicator, double weight)
    : network_(network), communicator_(communicator), weight_(weight) {
  each_statistic(network_, &Norm::running, [&](std::span<float> values, std::size_t) {
    before_.insert(before_.end(), values.begin(), values.end());
  });
  sums_.assign(before_.size(), 0.0);
}

Recalibration::~Recalibration() {
  each_statistic(network_, &Norm::running, [&](std::span<float> values, std::size_t place) {
    std::copy_n(before_.begin() + static_cast<std::ptrdiff_t>(place), values.size(), values.begin());
  });
}

void Recalibration::add(const Tensor& images) {
  network_.logits(images, Pass::training);
  each_statistic(network_, &Norm::batch, [&](std::span<float> values, std::size_t place) {
    for (std::size_t c = 0; c < values.size(); ++c) sums_[place + c] += weight_ * values[c];
  });
  ++batches_;
}

void Recalibration::use() {
  communicator_.sum(sums_);
  each_statistic(network_, &Norm::running, [&](std::span<float> values, std::size_t place) {
    for (std::size_t c = 0; c < values.size(); ++c) {
      values[c] = static_cast<float>(sums_[place + c] / static_cast<double>(batches_));
    }
  });
}

}  // namespace revnet
