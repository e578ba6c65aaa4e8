#include "system/interrupt.h"

#include <cerrno>
#include <csignal>
#include <string_view>

#include <unistd.h>

namespace revnet {
namespace {

volatile std::sig_atomic_t caught = 0;
volatile std::sig_atomic_t announced = 0;

constexpr std::string_view notice =
    "\nstopping after this batch; a second Ctrl-C or SIGTERM ends it at once\n";

void on_signal(int /*signal*/) {
  if (caught == 0 && announced != 0) {
    const int error = errno;
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, notice.data(), notice.size());
    errno = error;
  }
  caught = 1;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

}  // namespace

void catch_interrupts(bool announce) {
  announced = announce ? 1 : 0;
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;  // an interrupted write continues
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGUSR1, &action, nullptr);
}

bool interrupted() {
  return caught != 0;
}

}  // namespace revnet
