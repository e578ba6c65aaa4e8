#include "train/recalibration.h"

#include "train/network_statistics.h"

namespace revnet {

Recalibration::Recalibration(Network& network, Communicator& communicator, double weight)
    : network_(network), communicator_(communicator), weight_(weight) {
  each_statistic(network_, &Norm::running, [&](float value, std::size_t) { before_.push_back(value); });
  sums_.assign(before_.size(), 0.0);
}

Recalibration::~Recalibration() {
  each_statistic(network_, &Norm::running, [&](float& value, std::size_t place) { value = before_[place]; });
}

void Recalibration::add(const Tensor& images) {
  network_.logits(images, Pass::training);
  each_statistic(network_, &Norm::batch,
                 [&](float value, std::size_t place) { sums_[place] += weight_ * value; });
  ++batches_;
}

void Recalibration::use() {
  communicator_.sum(sums_);
  each_statistic(network_, &Norm::running, [&](float& value, std::size_t place) {
    value = static_cast<float>(sums_[place] / static_cast<double>(batches_));
  });
}

}  // namespace revnet
