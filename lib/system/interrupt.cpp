#include "system/interrupt.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <string_view>

#include <unistd.h>

namespace revnet {
namespace {

std::atomic<std::int64_t> first_at = 0;  // nanoseconds of the monotonic clock; 0: there was no signal
std::atomic<bool> announces = false;
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

// timeout(1) sends each signal twice, to its child and to their group, and not only it.
constexpr std::int64_t counts_as_one = 1'000'000'000;

constexpr std::string_view notice =
    "\nstopping as soon as possible; Ctrl-C or SIGTERM once more, after a second, ends it at once\n";

std::int64_t now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

void on_signal(int signal) {
  std::int64_t first = 0;
  if (first_at.compare_exchange_strong(first, now())) {
    if (!announces) return;
    const int error = errno;
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, notice.data(), notice.size());
    errno = error;
    return;
  }
  if (signal == SIGUSR1 || now() - first < counts_as_one) return;
  std::signal(signal, SIG_DFL);
  std::raise(signal);  // takes effect when this handler returns
}

}  // namespace

void catch_interrupts(bool announce) {
  announces = announce;
  // Not SIG_IGN, which the programs started from here would inherit.
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, [](int) {});
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;  // an interrupted write continues
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaction(signal, &action, nullptr);
  struct sigaction before {};
  sigaction(SIGHUP, nullptr, &before);
  if (before.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
}

bool interrupted() {
  return first_at != 0;
}

}  // namespace revnet
