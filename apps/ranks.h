// Commands that may run as several ranks.
#pragma once

#include <functional>
#include <string>

#include "train/communicator.h"

namespace revnet {

// Runs body(communicator) on every rank that a launcher started, or alone, and turns what it throws into one
// line on stderr and the documented exit code: a failure that all ranks know of is the first one's to tell
// and to return, so that a launcher passes on its code; of any other, the rank tells and ends them all.
int guarded_ranks(const std::string& program, const std::function<int(Communicator&)>& body);

}  // namespace revnet
