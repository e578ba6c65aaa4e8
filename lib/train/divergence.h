// Locates the values that are no longer finite when a training diverges.
#pragma once

#include <string>

#include "net/network.h"
#include "record/checkpoint.h"

namespace revnet {

// What to do, at the end of messages. Resuming would repeat the same steps.
inline constexpr const char* divergence_remedy =
    "start anew with a smaller learning rate (--lr), in another run directory or with --force";

// Returns whether the loss and the batch statistics of the last training step are all finite. The statistics
// matter because a ReLU may turn a NaN into a zero, which hides it from the loss.
bool is_finite(const Network& network, const Loss& loss);

// Describes, after a step that was not finite, where that began: the first parameter that is not finite, else
// the first normalisation in forward order whose input is not, else the logits.
std::string first_not_finite(const Network& network);

// Returns the path of the first array in a checkpoint that is not finite, such as
// "/momentum/stem/conv/weight"; empty if all are.
std::string first_not_finite(const Checkpoint& checkpoint);

}  // namespace revnet
