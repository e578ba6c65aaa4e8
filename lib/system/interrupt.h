// Handling of the signals that ask a run to stop.
#pragma once

namespace revnet {

// From now on the first SIGINT, SIGTERM or SIGUSR1 only sets a flag, so that the run can finish its step and
// save a checkpoint; a second SIGINT or SIGTERM ends the process immediately. With `announce`, the handler
// prints a notice to stderr.
void catch_interrupts(bool announce = true);

// Returns whether such a signal has arrived.
bool interrupted();

}  // namespace revnet
