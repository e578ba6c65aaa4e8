// Under mpirun, the last rank works for as long as the other ranks wait through a time-out and through the
// time that they leave for an answer. It stays in touch, so the sum must come to an end.
#include <array>
#include <chrono>
#include <cstdio>
#include <thread>

#include "base/stopwatch.h"
#include "ranks/communicator.h"

using namespace revnet;

int main() {
  constexpr double timeout = 0.5, seconds_to_answer = 5, work = timeout + seconds_to_answer + 1;
  const std::unique_ptr<Communicator> ranks = make_communicator();
  try {
    ranks->set_timeout(timeout);
    const Stopwatch worked;
    while (ranks->rank() == ranks->ranks() - 1 && worked.seconds() < work) {
      ranks->stay_in_touch();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    std::array<double, 1> sum{1};
    ranks->sum(sum);
    if (ranks->is_first()) std::printf("%.0f ranks have met\n", sum[0]);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "rank %d: %s\n", ranks->rank(), failure.what());
    ranks->abort(ExitCode::failed);
  }
  ranks->finish();
}
