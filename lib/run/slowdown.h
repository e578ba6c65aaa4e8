// Notices that other work takes the cores away from a training.
#pragma once

#include <optional>
#include <string>

#include "base/stopwatch.h"

namespace revnet {

// A line for a run whose threads waited `waited` seconds for a core, in all, during `elapsed` seconds;
// nothing while that is less than a quarter of the time. Every step takes as long as its slowest thread, so a
// single thread is slowed no more than its work is. `passive` says that OMP_WAIT_POLICY is passive already.
std::optional<std::string> slowdown_warning(double waited, double elapsed, int threads, bool passive);

// Looks at the threads of this process, those that compute and the workers that decode photographs, every ten
// seconds, or as often as a test asks.
class SlowdownWatch {
 public:
  SlowdownWatch(int threads, int workers, double seconds_between_looks = 10);
  // Called now and then. Returns a warning once.
  std::optional<std::string> look();

 private:
  int threads_;
  double seconds_between_looks_;
  bool warned_;
  double waited_;  // when the stopwatch was started
  Stopwatch since_;
};

}  // namespace revnet
