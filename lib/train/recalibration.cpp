#include "train/recalibration.h"

#include <algorithm>

namespace revnet {
namespace {

// Calls fn(values, offset) for mean and variance of every normalisation; the offset counts all values before.
template <class Fn>
void each(const Network& network, Statistics& (Norm::*statistics)(), Fn fn) {
  std::size_t place = 0;
  for (Norm* norm : network.norms()) {
    for (Tensor* tensor : {&(norm->*statistics)().mean, &(norm->*statistics)().variance}) {
      fn(tensor->values(), place);
      place += tensor->values().size();
    }
  }
}

}  // namespace

Recalibration::Recalibration(Network& network, Communicator& communicator, double weight)
    : network_(network), communicator_(communicator), weight_(weight) {
  each(network_, &Norm::running, [&](std::span<float> values, std::size_t) {
    before_.insert(before_.end(), values.begin(), values.end());
  });
  sums_.assign(before_.size(), 0.0);
}

Recalibration::~Recalibration() {
  each(network_, &Norm::running, [&](std::span<float> values, std::size_t place) {
    std::copy_n(before_.begin() + static_cast<std::ptrdiff_t>(place), values.size(), values.begin());
  });
}

void Recalibration::add(const Tensor& images) {
  network_.logits(images, Pass::training);
  each(network_, &Norm::batch, [&](std::span<float> values, std::size_t place) {
    for (std::size_t c = 0; c < values.size(); ++c) sums_[place + c] += weight_ * values[c];
  });
  ++batches_;
}

void Recalibration::use() {
  communicator_.sum(sums_);
  each(network_, &Norm::running, [&](std::span<float> values, std::size_t place) {
    for (std::size_t c = 0; c < values.size(); ++c) {
      values[c] = static_cast<float>(sums_[place + c] / static_cast<double>(batches_));
    }
  });
}

}  // namespace revnet
