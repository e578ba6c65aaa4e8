// Units: what the paper's Table 2 counts per stage. A ResNet's unit has one residual function, a RevNet's
// two.
//
// Ownership: a unit owns its residual functions and shortcuts, never activations. Which activations are kept
// between forward and backward is decided elsewhere (activations.h), with the calls below.
#pragma once

#include <memory>
#include <vector>

#include "layers/residual_function.h"

namespace revnet {

// What travels between units: one tensor in a ResNet, the halves (x1, x2) in a RevNet. Halves are tensors of
// their own because blocked layouts pad channels: a joined 112 could not be split by pointer.
using Activation = std::vector<Tensor>;

struct UnitTape {
  std::unique_ptr<Tape> f, g;  // g is null in a ResNet
};

class Unit {
 public:
  virtual ~Unit() = default;

  virtual UnitTape make_tape(MemoryPurpose purpose, TapeKeeps keeps = TapeKeeps::everything) const = 0;

  // A fresh y = unit(x). With a tape, records it. A training pass takes the batch statistics of what
  // input_norm() reads from there, and leaves those of the last tensor it writes with `next` (null: nobody
  // wants them).
  virtual Activation forward(const Activation& x, Pass pass, UnitTape* tape, Norm* next) = 0;
  // x = unit(x) in x's own buffers, without tape. Only if keeps_shape().
  virtual void forward_in_place(Activation& x, Pass pass, Norm* next) = 0;
  // Computes what the tape of a forward pass gone by lacks, from its x and y.
  virtual void complete(const Activation& x, const Activation& y, UnitTape& tape) = 0;
  // The gradient by x, from the one by y. Overwrites the gradients of the unit's parameters.
  virtual Activation backward(const Activation& x, const Activation& y, UnitTape tape, Activation dy) = 0;

  // The shortcuts are x itself, so that y can take x's place.
  virtual bool keeps_shape() const = 0;
  // x can be had back from y; reverse() may be called.
  virtual bool reversible() const = 0;
  // Algorithm 1 of the paper: turns y into x and dy into dx, in place, and overwrites the parameters'
  // gradients. One recomputation of each residual function serves both, and one tape is alive at a time.
  virtual void reverse(Activation& activation, Activation& gradient) = 0;

  // The norm that reads the last tensor of x, as ResidualFunction::input_norm().
  virtual Norm* input_norm() = 0;

  virtual void list(LayerList& layers) = 0;
};

// Where a unit stands.
struct UnitShape {
  std::int64_t in = 0, out = 0;        // channels, both halves of a RevNet together
  std::int64_t height = 0, width = 0;  // of the input
  std::int64_t stride = 1;
  bool bottleneck = false;
  bool leading_norm = true;  // false for the network's first unit
  bool first = false;        // of its stage: not reversible
};

// name: "stage1/unit1".
std::unique_ptr<Unit> make_residual_unit(Device& device, const std::string& name, const UnitShape& shape,
                                         const LayerOptions& options);
std::unique_ptr<Unit> make_reversible_unit(Device& device, const std::string& name, const UnitShape& shape,
                                           const LayerOptions& options);

}  // namespace revnet
