// The units of a network in order. Each unit learns which norm reads its output, so that a training pass can
// store the batch statistics there.
#pragma once

#include "net/unit.h"

namespace revnet {

class Chain {
 public:
  void append(std::unique_ptr<Unit> unit) { units_.push_back(std::move(unit)); }
  std::size_t size() const { return units_.size(); }
  // Units are counted from 0.
  Unit& operator[](std::size_t unit) const { return *units_[unit]; }

  // Returns a new y = unit(x). Records into the tape if there is one.
  Activation forward(std::size_t unit, const Activation& x, Pass pass, UnitTape* tape) const {
    return units_[unit]->forward(x, pass, tape, reader_of(unit));
  }
  // x = unit(x) without a tape, in x's own buffers if the unit keeps the shape.
  void advance(std::size_t unit, Activation& x, Pass pass) const {
    if (units_[unit]->keeps_shape()) {
      units_[unit]->forward_in_place(x, pass, reader_of(unit));
    } else {
      x = forward(unit, x, pass, nullptr);
    }
  }

 private:
  // The norm that needs the statistics of the unit's output, or null.
  Norm* reader_of(std::size_t unit) const {
    return unit + 1 < units_.size() ? units_[unit + 1]->input_norm() : nullptr;
  }

  std::vector<std::unique_ptr<Unit>> units_;
};

}  // namespace revnet
