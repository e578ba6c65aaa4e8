// Where time goes: what each operation was, how much arithmetic and memory traffic it had, how long it took.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

namespace revnet {

enum class Operation {
  convolution,
  convolution_data_gradient,
  convolution_weight_gradient,
  convolution_gradients,   // both in one
  normalization,           // with ReLU; statistics computed
  known_normalization,     // with statistics that are known already: recomputation and evaluation
  normalization_gradient,  // with ReLU
  elementwise,             // sums of activations
  pooling,
  dense,
  loss,
  weight_copies,  // the weights in other layouts
  optimizer,
  input,  // augmentation and assembly of the batch
};
inline constexpr std::size_t operations = 14;

// "convolution", "convolution data gradient" and so on.
std::string_view name(Operation operation);

// One execution of an operation.
struct Work {
  Operation operation = Operation::elementwise;
  // Of the activation it works on: 32, 16 and 8 are the stages of a CIFAR network. 0 where there is none.
  std::int64_t height = 0;
  double flops = 0;  // of the definition: Winograd counts as much as direct convolution
  double bytes = 0;  // read and written once each
};

class Profile {
 public:
  struct Row {
    std::int64_t calls = 0;
    double seconds = 0, flops = 0, bytes = 0;
  };
  // By operation, then height.
  using Rows = std::map<std::pair<Operation, std::int64_t>, Row>;

  void add(const Work& work, double seconds);
  const Rows& rows() const { return rows_; }
  // Of all rows together.
  Row total() const;

 private:
  Rows rows_;
};

}  // namespace revnet
