// Checks that all ranks of a training start alike and stay alike.
#pragma once

#include <string>

#include "net/network.h"
#include "ranks/communicator.h"

namespace revnet {

// Overwrites values, momentum, averages and running averages on every rank with those of rank 0.
void broadcast_state(Communicator& communicator, Network& network);
// Throws AgreedError, naming the ranks, if the state of any rank differs from rank 0's in a single bit.
void check_equal_state(Communicator& communicator, const Network& network);
// Throws AgreedError if a rank has another version, other layouts, other settings or other images than rank
// 0; `settings` tells the last two.
void check_equal_start(Communicator& communicator, const Device& device, const std::string& settings);

}  // namespace revnet
