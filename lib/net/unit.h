// Units, which the paper's Table 2 counts per stage. A ResNet's unit has one residual function, a RevNet's
// has two:
//
//   y = s(x) + F(x)        y1 = s1(x1) + F(x2),  y2 = s2(x2) + G(y1)
//
// Ownership: a unit owns its residual functions and shortcuts, and never activations. Which activations are
// kept between forward and backward is decided in activations.h, through the calls below.
#pragma once

#include <memory>
#include <vector>

#include "layers/residual_function.h"

namespace revnet {

// What travels between units: one tensor in a ResNet, the halves (x1, x2) in a RevNet. The halves are
// separate tensors because blocked layouts pad channels: a joined tensor of 112 channels could not be split
// by pointer.
using Activation = std::vector<Tensor>;

struct UnitTape {
  std::unique_ptr<Tape> f, g;  // g is null in a ResNet
};

class Unit {
 public:
  virtual ~Unit() = default;

  virtual UnitTape make_tape(MemoryPurpose purpose, TapeKeeps keeps = TapeKeeps::everything) const = 0;

  // Returns a new y = unit(x). Records into the tape if there is one. A training pass reads the batch
  // statistics of x from input_norm() and stores those of the last tensor it writes in `next`, unless that is
  // null.
  virtual Activation forward(const Activation& x, Pass pass, UnitTape* tape, Norm* next) = 0;
  // x = unit(x) in x's own buffers, without a tape. Requires keeps_shape().
  virtual void forward_in_place(Activation& x, Pass pass, Norm* next) = 0;
  // Recomputes from x and y what an earlier forward pass left out of the tape.
  virtual void complete(const Activation& x, const Activation& y, UnitTape& tape) = 0;
  // Recomputes from x alone all that backward() needs: fills the empty tape and returns the part of y that
  // backward() reads. Spares the last convolution, whose output is not in that part.
  virtual Activation recompute(const Activation& x, UnitTape& tape) = 0;
  // Returns the gradient with respect to x, given the one with respect to y. Overwrites the parameters'
  // gradients.
  virtual Activation backward(const Activation& x, const Activation& y, UnitTape tape, Activation dy) = 0;

  // Whether the shortcuts are the identity, so that y can take x's place.
  virtual bool keeps_shape() const = 0;
  // Whether reverse() may be called: for all units of a RevNet but the first of each stage.
  virtual bool reversible() const = 0;
  // Algorithm 1 of the paper: turns y into x and dy into dx, in place, and overwrites the parameters'
  // gradients. One recomputation of each residual function serves both purposes, and only one tape is alive
  // at a time.
  virtual void reverse(Activation& activation, Activation& gradient) = 0;

  // The norm that reads the last tensor of x; see ResidualFunction::input_norm().
  virtual Norm* input_norm() = 0;

  virtual void list(LayerList& layers) = 0;
};

struct UnitShape {
  std::int64_t in = 0, out = 0;        // channels, both halves of a RevNet together
  std::int64_t height = 0, width = 0;  // of the input
  std::int64_t stride = 1;
  bool bottleneck = false;
  bool leading_norm = true;  // false for the network's first unit
  // First of its stage. Its input is stored, as in the reference code, even where its shape could be
  // reversed.
  bool first = false;
};

// `name` is the unit's path: "stage1/unit1".
std::unique_ptr<Unit> make_residual_unit(Device& device, const std::string& name, const UnitShape& shape,
                                         const LayerOptions& options);
std::unique_ptr<Unit> make_reversible_unit(Device& device, const std::string& name, const UnitShape& shape,
                                           const LayerOptions& options);

}  // namespace revnet
