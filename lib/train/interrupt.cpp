#include "train/interrupt.h"

#include <csignal>

namespace revnet {
namespace {

volatile std::sig_atomic_t caught = 0;

void on_signal(int /*signal*/) {
  caught = 1;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;  // file writes under way go on
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGUSR1, &action, nullptr);
}

bool interrupted() {
  return caught != 0;
}

}  // namespace revnet
