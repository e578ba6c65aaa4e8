// Under mpirun, rank 0's bytes arrive everywhere, although they take several messages. Then the last rank
// works for as long as the other ranks wait through a time-out and through the time that they leave for an
// answer. It stays in touch, so the sum must come to an end.
#include <array>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/stopwatch.h"
#include "ranks/communicator.h"

using namespace revnet;

void check_broadcast(Communicator& ranks) {
  std::vector<std::byte> wanted(3'000'001), bytes(wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] = static_cast<std::byte>(i % 251 + 1);
  if (ranks.is_first()) bytes = wanted;
  ranks.broadcast(bytes);
  if (bytes != wanted) throw std::runtime_error("these are not rank 0's bytes");
}

int main() {
  constexpr double timeout = 0.5, seconds_to_answer = 5, work = timeout + seconds_to_answer + 1;
  const std::unique_ptr<Communicator> ranks = make_communicator();
  try {
    ranks->set_timeout(timeout);
    check_broadcast(*ranks);
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
