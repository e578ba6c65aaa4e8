// Where time goes: each operation, its arithmetic and memory traffic, and how long it took.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

namespace revnet {

enum class Operation {
  convolution,
  convolution_data_gradient,
  convolution_weight_gradient,
  convolution_gradients,   // data and weight gradient in one pass
  normalization,           // with ReLU; computes batch statistics
  known_normalization,     // with known statistics: recomputation and evaluation
  normalization_gradient,  // with ReLU
  elementwise,             // sums of activations
  pooling,
  dense,
  loss,
  weight_copies,  // copies of the weights in other layouts
  optimizer,
  input,  // augmentation and assembly of the batch; the last one
};
inline constexpr std::size_t operations = static_cast<std::size_t>(Operation::input) + 1;

// The operation as reports spell it: "convolution data gradient".
std::string_view name(Operation operation);

// What one execution of an operation takes.
struct Cost {
  Operation operation = Operation::elementwise;
  // Height of the activation it works on: 32, 16 and 8 are the stages of a CIFAR network. 0 if it has none.
  std::int64_t height = 0;
  double flops = 0;  // by definition: Winograd counts as much as direct convolution
  double bytes = 0;  // counting every operand as read or written once
  // The algorithm's arithmetic in fused multiply-adds; a lone addition or multiplication counts as one, too.
  // Winograd takes fewer than flops / 2.
  double multiply_adds = flops / 2;

  auto operator<=>(const Cost&) const = default;  // NOLINT(modernize-use-nullptr): clang 14 means its zero
};

class Profile {
 public:
  struct Row {
    std::int64_t calls = 0;
    double seconds = 0, flops = 0, bytes = 0;
  };
  // Keyed by operation, then height.
  using Rows = std::map<std::pair<Operation, std::int64_t>, Row>;

  void add(const Cost& cost, double seconds);
  const Rows& rows() const { return rows_; }
  // How often an operation of each cost was performed.
  const std::map<Cost, std::int64_t>& costs() const { return costs_; }
  Row total() const;

 private:
  Rows rows_;
  std::map<Cost, std::int64_t> costs_;
};

}  // namespace revnet
