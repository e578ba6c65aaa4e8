// Where a training left the finite numbers.
#pragma once

#include <string>

#include "net/network.h"
#include "record/checkpoint.h"

namespace revnet {

// Whether the last training step's loss and batch statistics are all finite. The statistics are looked at
// because a ReLU may turn a NaN into a zero, so that the loss does not show it.
bool is_finite(const Network& network, const Loss& loss);

// In words, after a step that was not: the first parameter that is not finite, else the first normalisation,
// in the order of the forward pass, whose input is not, else the logits.
std::string first_not_finite(const Network& network);

// The first array of a checkpoint that is not finite, "/momentum/stem/conv/weight"; empty when there is none.
std::string first_not_finite(const Checkpoint& checkpoint);

}  // namespace revnet
