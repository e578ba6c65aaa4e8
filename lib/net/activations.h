// How the activations that a backward pass needs are kept: the methods of the paper's Table 1 behind one
// interface.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string_view>

#include "net/architecture.h"
#include "net/chain.h"

namespace revnet {

enum class ActivationMode {
  stored,         // keeps every unit's input and tape: O(L) memory
  reconstructed,  // every reversible unit recomputes its input and tape from its output: O(1) memory, about a
                  // third more arithmetic
  checkpointed,  // keeps the input of every sqrt(L)-th unit and recomputes one segment at a time, all but the
                 // last: O(sqrt L) memory, less than a third more arithmetic
  recursive,     // keeps the inputs of the chain's halves, of the halves of its second half and so on, and
                 // recomputes each first half likewise: O(log L) memory, O(L log L) arithmetic
};
inline constexpr std::array activation_modes{ActivationMode::stored, ActivationMode::reconstructed,
                                             ActivationMode::checkpointed, ActivationMode::recursive};

std::string_view name(ActivationMode mode);
// Reconstruction needs reversible units; the other modes work for every network.
bool can_keep(const Architecture& architecture, ActivationMode mode);
// Throws UsageError if it cannot.
void require_can_keep(const Architecture& architecture, ActivationMode mode);

// Called with the index of a unit, counted from 0, once the gradients of its parameters are final.
using UnitDone = std::function<void(std::size_t unit)>;

// Runs a chain of units forward and backward, and keeps what its mode needs in between.
class ActivationKeeper {
 public:
  virtual ~ActivationKeeper() = default;

  // The training forward pass. Takes x, which the first unit's backward pass needs, and returns the last
  // unit's output, which the keeper owns until backward().
  virtual const Activation& forward(Activation x) = 0;
  // Returns the gradient with respect to x and ends the step: nothing is kept afterwards. Calls `done` after
  // each unit, the last unit first.
  virtual Activation backward(Activation dy, const UnitDone& done) = 0;
};

// Sees the activations of a chain, to compare reconstructed ones with the originals. Units are counted from
// 0.
class ReconstructionObserver {
 public:
  virtual ~ReconstructionObserver() = default;
  // The input of a reversible unit in the forward pass.
  virtual void entering(std::size_t unit, const Activation& x) = 0;
  // The same input as reverse() reconstructed it from the unit's output.
  virtual void reconstructed(std::size_t unit, const Activation& x) = 0;
};

// The keeper refers to the units and the observer (null: none), which must outlive it.
std::unique_ptr<ActivationKeeper> make_activation_keeper(ActivationMode mode, const Chain& units,
                                                         ReconstructionObserver* observer = nullptr);

}  // namespace revnet
