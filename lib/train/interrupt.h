// Signals that ask a run to stop.
#pragma once

namespace revnet {

// From now on the first SIGINT, SIGTERM or SIGUSR1 only sets a flag, so that the run can finish its step and
// save; a second SIGINT or SIGTERM acts as usual and ends the process at once. announce: says so on stderr at
// once.
void catch_interrupts(bool announce = true);

// Whether one has come.
bool interrupted();

}  // namespace revnet
