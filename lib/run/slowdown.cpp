#include "run/slowdown.h"

#include <cstdlib>

#include <fmt/format.h>
#include <strings.h>

#include "system/host.h"

namespace revnet {
namespace {

constexpr double worth_a_warning = 0.25;

bool waits_passively() {
  const char* policy = std::getenv("OMP_WAIT_POLICY");
  return policy != nullptr && strcasecmp(policy, "passive") == 0;
}

}  // namespace

std::optional<std::string> slowdown_warning(double waited, double elapsed, int threads, bool passive) {
  if (threads < 2 || waited < worth_a_warning * elapsed * threads) return {};
  return fmt::format(
      "other work takes the cores: the {} threads of this run waited for one {:.0f} % of the last {:.0f} "
      "seconds, and each step takes as long as its slowest thread; fewer --threads{} may be faster",
      threads, 100 * waited / (elapsed * threads), elapsed, passive ? "" : ", or OMP_WAIT_POLICY=passive,");
}

// A run with more threads than cores has been warned that they wait for each other (rank_placement.h).
// Workers then wait for cores, too, which is no other work's doing.
SlowdownWatch::SlowdownWatch(int threads, int workers, double seconds_between_looks)
    : threads_(threads + workers),
      seconds_between_looks_(seconds_between_looks),
      warned_(threads < 2 || static_cast<std::size_t>(threads_) > usable_cores().size()),
      waited_(seconds_without_core()) {}

std::optional<std::string> SlowdownWatch::look() {
  if (warned_ || since_.seconds() < seconds_between_looks_) return {};
  const double waited = seconds_without_core();
  std::optional<std::string> warning =
      slowdown_warning(waited - waited_, since_.seconds(), threads_, waits_passively());
  warned_ = warning.has_value();
  waited_ = waited;
  since_.restart();
  return warning;
}

}  // namespace revnet
