// Units: what the paper's Table 2 counts per stage. A ResNet's unit has one residual function, a RevNet's
// two.
//
// Ownership: a unit owns its residual functions and shortcuts, never activations. Which activations are kept
// between forward and backward is decided elsewhere (activations.h), with the calls below.
#pragma once

#include <memory>
#include <vector>

#include "net/architecture.h"
#include "net/residual_function.h"
#include "net/shortcut.h"

namespace revnet {

// What travels between units: one tensor in a ResNet, the halves (x1, x2) in a RevNet. Halves are tensors of
// their own because blocked layouts pad channels: a joined 112 could not be split by pointer.
using Activation = std::vector<Tensor>;

struct UnitTape {
  explicit UnitTape(MemoryPurpose purpose, Tape::Keeps keeps = Tape::Keeps::everything)
      : f(purpose, keeps), g(purpose, keeps) {}
  Tape f, g;  // g stays empty in a ResNet
};

class Unit {
 public:
  virtual ~Unit() = default;

  // A fresh y = unit(x). With a tape, records it.
  virtual Activation forward(Device& device, const Activation& x, Pass pass, UnitTape* tape) = 0;
  // x = unit(x) in x's own buffers, without tape. Only if keeps_shape().
  virtual void forward_in_place(Device& device, Activation& x, Pass pass) = 0;
  // Computes what the tape of a forward pass gone by lacks, from its x and y.
  virtual void complete(Device& device, const Activation& x, const Activation& y, UnitTape& tape) = 0;
  // The gradient by x, from the one by y. Overwrites the gradients of the unit's parameters.
  virtual Activation backward(Device& device, const Activation& x, const Activation& y, UnitTape tape,
                              Activation dy) = 0;

  // The shortcuts are x itself, so that y can take x's place.
  virtual bool keeps_shape() const = 0;
  // x can be had back from y; reverse() may be called.
  virtual bool reversible() const = 0;
  // Algorithm 1 of the paper: turns y into x and dy into dx, in place, and overwrites the parameters'
  // gradients. One recomputation of each residual function serves both, and one tape is alive at a time.
  virtual void reverse(Device& device, Activation& activation, Activation& gradient) = 0;

  // The residual functions that read what goes into the unit and write what comes out of it, last of all.
  virtual ResidualFunction& first_function() = 0;
  virtual ResidualFunction& last_function() = 0;

  virtual void list(LayerList& layers) = 0;
};

// x = unit(x), in x's own buffers where that can be, without tape.
void advance(Device& device, Unit& unit, Activation& x, Pass pass);

// Where a unit stands.
struct UnitShape {
  std::int64_t in, out;        // channels, both halves of a RevNet together
  std::int64_t height, width;  // of the input
  std::int64_t stride;
  bool bottleneck;
  bool leading_norm;  // false for the network's first unit
  bool first;         // of its stage: not reversible
};

// name: "stage1/unit1".
std::unique_ptr<Unit> make_residual_unit(Device& device, const std::string& name, const UnitShape& shape,
                                         const BuildOptions& options);
std::unique_ptr<Unit> make_reversible_unit(Device& device, const std::string& name, const UnitShape& shape,
                                           const BuildOptions& options);

}  // namespace revnet
