// What all ranks of a training must have in common.
#pragma once

#include <string>

#include "net/network.h"
#include "train/communicator.h"

namespace revnet {

// Values, momentum and running averages of the first rank become everybody's.
void broadcast_state(Communicator& communicator, Network& network);
// AgreedError, naming the ranks, when the state of any differs from the first one's in a single bit.
void check_equal_state(Communicator& communicator, const Network& network);
// AgreedError when a rank computes with another version or other layouts than the first, or was given other
// settings.
void check_equal_start(Communicator& communicator, const Device& device, const std::string& settings);

}  // namespace revnet
