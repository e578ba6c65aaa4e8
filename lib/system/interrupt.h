// Handling of the signals that ask a run to stop.
#pragma once

namespace revnet {

// From now on the first SIGINT, SIGTERM, SIGHUP or SIGUSR1 only sets a flag, so that the run can finish its
// step and save a checkpoint. From a second later on, another one, except SIGUSR1, ends the process at once.
// A SIGHUP that nohup ignores stays ignored. With `announce`, the handler prints a notice to stderr.
//
// SIGPIPE and SIGXFSZ no longer end the process: Ctrl-C also ends the tee that shows a run's messages, and
// the run still has to save its checkpoint. Writing then fails with EPIPE or EFBIG.
void catch_interrupts(bool announce = true);

// Returns whether such a signal has arrived.
bool interrupted();

}  // namespace revnet
