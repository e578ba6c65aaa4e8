// How long sums over all ranks take by themselves, by size: a network's latency and bandwidth as training
// sees them.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/table.h"
#include "train/communicator.h"

namespace revnet {

struct ExchangeTime {
  std::int64_t bytes = 0;  // of float32
  std::vector<double> seconds;
};

// From 4 bytes to 4 MiB, by factors of 4.
std::vector<std::int64_t> exchange_sizes();

// All ranks call it with the same arguments, and get the times of whichever was last. Before every sum the
// ranks wait for each other, and before the timed ones each size is summed once. `stop` is asked after each
// size, on all ranks: when any of them says so, what was measured so far is the result.
std::vector<ExchangeTime> measure_exchange(Communicator& communicator, const std::vector<std::int64_t>& sizes,
                                           std::int64_t repetitions, const std::function<bool()>& stop);

// A line a size: ranks, bytes, microseconds (median, least, most), and bytes summed a second at the median,
// MB/s.
Table exchange_table(int ranks, const std::vector<ExchangeTime>& times);

}  // namespace revnet
