#include "data/dataset.h"

#include <utility>

namespace revnet {
namespace {

// Cuts `values` at `at` and returns the part after the cut.
std::vector<std::uint8_t> split_tail(std::vector<std::uint8_t>& values, std::size_t at) {
  const auto cut = values.begin() + static_cast<std::ptrdiff_t>(at);
  std::vector<std::uint8_t> tail(cut, values.end());
  values.erase(cut, values.end());
  return tail;
}

}  // namespace

Splits hold_out(Splits splits, std::size_t count) {
  Dataset& train = splits.train;
  if (count == 0 || count >= train.size()) {
    throw UsageError("cannot hold out " + std::to_string(count) + " of " + std::to_string(train.size()) +
                     " training images of " + train.name +
                     "; choose at least 1, and leave at least 1 to train on");
  }
  const std::size_t kept = train.size() - count;
  Dataset validation;
  validation.name = train.name;
  validation.classes = train.classes;
  validation.images = split_tail(train.images, kept * cifar_bytes);
  validation.labels = split_tail(train.labels, kept);
  splits.test = std::move(validation);
  return splits;
}

}  // namespace revnet
