// A trained parameter: name, value, gradient, momentum, and whether weight decay applies.
#pragma once

#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace revnet {

// How a fresh parameter is drawn.
struct Initial {
  enum class Kind { constant, truncated_normal, uniform } kind = Kind::constant;
  double scale = 0.0;  // the constant; the standard deviation (cut at 2 of them); the bound of +-bound
};

// Rows [first, first + part rows) of a parameter that has `total` rows along its first axis. A RevNet's stem
// and head work on halves, so theirs come in two parts of one name; all others are whole.
struct Rows {
  std::int64_t first = 0;
  std::int64_t total = 0;
};

// Owns its tensors. Copies of the value in other layouts belong to the layers (Filter::weight_changed).
struct Parameter {
  // value, gradient and momentum start as zeros.
  Parameter(Device& device, std::string name, Rows rows, const Layout& layout, Initial initial, bool decays);

  const Shape& shape() const { return value.shape(); }
  std::int64_t size() const { return elements(shape()); }
  // Gives it an average, which starts as the value.
  void keep_average();
  // Draws the value as a pure function of (seed, name, row): whatever the layout and the order of layers.
  void initialize(std::uint64_t seed);

  std::string name;
  Rows rows;
  Initial initial;
  bool decays;
  Tensor value, gradient, momentum;
  Tensor average;  // over the steps of a training; empty where none is kept
};

}  // namespace revnet
