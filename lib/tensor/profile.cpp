#include "tensor/profile.h"

#include <array>

namespace revnet {

std::string_view name(Operation operation) {
  static constexpr std::array names = std::to_array<std::string_view>(
      {"convolution", "convolution data gradient", "convolution weight gradient", "convolution gradients",
       "normalization", "normalization, statistics known", "normalization gradient", "sums", "pooling",
       "dense", "loss", "weight copies", "optimizer", "input"});
  static_assert(names.size() == operations);
  return names[static_cast<std::size_t>(operation)];
}

void Profile::add(const Cost& cost, double seconds) {
  Row& row = rows_[{cost.operation, cost.height}];
  ++row.calls;
  row.seconds += seconds;
  row.flops += cost.flops;
  row.bytes += cost.bytes;
  ++costs_[cost];
}

Profile::Row Profile::total() const {
  Row sum;
  for (const auto& [key, row] : rows_) {
    sum.calls += row.calls;
    sum.seconds += row.seconds;
    sum.flops += row.flops;
    sum.bytes += row.bytes;
  }
  return sum;
}

}  // namespace revnet
