// How the activations that a backward pass needs are kept: the one seam between the ways of the paper's
// Table 1.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "net/unit.h"

namespace revnet {

enum class ActivationMode {
  stored,         // every unit's input and tape: O(L) memory
  reconstructed,  // reversible units recompute theirs from their output: O(1) memory, about a third more
                  // arithmetic
};

std::string_view name(ActivationMode mode);

// Runs a chain of units forward and backward, keeping in between what its way of working needs.
class ActivationKeeper {
 public:
  virtual ~ActivationKeeper() = default;

  // The training forward pass. Takes x, which the first unit's backward pass needs; returns the last unit's
  // output, owned here until backward.
  virtual const Activation& forward(Device& device, Activation x) = 0;
  // The gradient by x. Ends the step: nothing is kept afterwards.
  virtual Activation backward(Device& device, Activation dy) = 0;
};

// Refers to the units, which must outlive it.
std::unique_ptr<ActivationKeeper> make_activation_keeper(ActivationMode mode,
                                                         const std::vector<std::unique_ptr<Unit>>& units);

}  // namespace revnet
