// A trained parameter: its name, value, gradient and momentum, and whether weight decay applies to it.
#pragma once

#include <string>

#include "tensor/tensor.h"

namespace revnet {

// The distribution of a parameter's initial value.
struct Initial {
  enum class Kind { constant, truncated_normal, uniform } kind = Kind::constant;
  // The constant; the standard deviation, with values truncated at 2 of them; or b of the range [-b, b].
  double scale = 0.0;
};

// Which rows of the whole parameter a part holds: from `first` on, of `total` along its first axis. A
// RevNet's stem and head work on halves, so their parameters consist of two parts with one name; all others
// are whole.
struct Rows {
  std::int64_t first = 0;
  std::int64_t total = 0;
};

// Owns its tensors. Copies of the value in other layouts belong to the layers (Filter::weight_changed).
struct Parameter {
  // The value, gradient and momentum start at zero.
  Parameter(Device& device, std::string name, Rows rows, const Layout& layout, Initial initial, bool decays);

  const Shape& shape() const { return value.shape(); }
  std::int64_t size() const { return elements(shape()); }
  // Gives it an average, which starts as the value.
  void keep_average();
  // Draws the value as a pure function of (seed, name, row), independent of the layout and the order of
  // layers. Sets the momentum to zero and the average, if there is one, to the value.
  void initialize(std::uint64_t seed);

  std::string name;
  Rows rows;
  Initial initial;
  bool decays;
  Tensor value, gradient, momentum;
  Tensor average;  // over the steps of a training; empty where none is kept
};

}  // namespace revnet
