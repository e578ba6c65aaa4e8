// How the activations that a backward pass needs are kept: the one seam between the ways of the paper's
// Table 1.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "net/architecture.h"
#include "net/chain.h"

namespace revnet {

enum class ActivationMode {
  stored,         // every unit's input and tape: O(L) memory
  reconstructed,  // reversible units recompute theirs from their output: O(1) memory, about a third more
                  // arithmetic
  checkpointed,   // the input of every sqrt(L)-th unit; what lies between is computed again, a segment at a
                  // time: O(sqrt L) memory, about a third more arithmetic
  recursive,  // the first input; halves of the chain are computed again, and their halves: O(log L) memory,
              // O(L log L) arithmetic
};
inline constexpr std::array activation_modes{ActivationMode::stored, ActivationMode::reconstructed,
                                             ActivationMode::checkpointed, ActivationMode::recursive};

std::string_view name(ActivationMode mode);
// Reconstruction needs reversible units; the others work for every network.
bool can_keep(const Architecture& architecture, ActivationMode mode);

// Of a unit, counted from 0.
using UnitDone = std::function<void(std::size_t unit)>;

// Runs a chain of units forward and backward, keeping in between what its way of working needs.
class ActivationKeeper {
 public:
  virtual ~ActivationKeeper() = default;

  // The training forward pass. Takes x, which the first unit's backward pass needs; returns the last unit's
  // output, owned here until backward.
  virtual const Activation& forward(Activation x) = 0;
  // The gradient by x. Ends the step: nothing is kept afterwards. After each unit, the last one first, tells
  // `done` that the gradients of its parameters are final.
  virtual Activation backward(Activation dy, const UnitDone& done) = 0;
};

// Sees a chain's activations where reconstruction can be held against the truth. Units are counted from 0.
class ReconstructionObserver {
 public:
  virtual ~ReconstructionObserver() = default;
  // What goes into a reversible unit in the forward pass,
  virtual void entering(std::size_t unit, const Activation& x) = 0;
  // and what reverse() made of its output.
  virtual void reconstructed(std::size_t unit, const Activation& x) = 0;
};

// Refers to the units and the observer (null: none), which must outlive it.
std::unique_ptr<ActivationKeeper> make_activation_keeper(ActivationMode mode, const Chain& units,
                                                         ReconstructionObserver* observer = nullptr);

}  // namespace revnet
