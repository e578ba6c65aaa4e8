// Execution of commands that may run as several ranks.
#pragma once

#include <functional>
#include <string>

#include "ranks/communicator.h"

namespace revnet {

// Runs body(communicator) on every rank that a launcher started, or in this process alone. Turns an exception
// into one line on stderr and the documented exit code. Rank 0 reports a failure that all ranks know of and
// returns its code, which the launcher passes on; a rank with any other failure reports it and aborts all.
int guarded_ranks(const std::string& program, const std::function<int(Communicator&)>& body);

}  // namespace revnet
