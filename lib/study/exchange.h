// The duration of sums over all ranks by size, with nothing else going on: the network's latency and
// bandwidth as training sees them.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/table.h"
#include "ranks/communicator.h"

namespace revnet {

struct ExchangeTime {
  std::int64_t bytes = 0;  // of float32 values
  std::vector<double> seconds;
};

// From 4 bytes to 4 MiB, in factors of 4.
std::vector<std::int64_t> exchange_sizes();

// All ranks call it with the same arguments and get the times of the slowest rank. The ranks wait for each
// other before every sum, and each size is summed once before it is timed. `stop` is polled after each size
// on all ranks; once any returns true, the result is what was measured so far.
std::vector<ExchangeTime> measure_exchange(Communicator& communicator, const std::vector<std::int64_t>& sizes,
                                           std::int64_t repetitions, const std::function<bool()>& stop);

// One line per size: ranks, bytes, microseconds (median, minimum, maximum) and the bandwidth at the median in
// MB/s.
Table exchange_table(int ranks, const std::vector<ExchangeTime>& times);

}  // namespace revnet
