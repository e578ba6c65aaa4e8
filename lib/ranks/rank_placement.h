// The placement of a run's ranks on hosts and cores.
#pragma once

#include <string>
#include <vector>

#include "ranks/communicator.h"

namespace revnet {

struct RankPlacement {
  std::string host;
  int threads = 1;
  std::vector<int> cores;  // assigned by the launcher
  int cores_of_host = 1;
};

struct PlacementReport {
  std::vector<std::string> lines;     // one per host
  std::vector<std::string> warnings;  // about crowded or idle cores
};

// Describes the placement of `ranks`, which are indexed by rank. A single rank gets no line, only warnings.
PlacementReport describe_placement(const std::vector<RankPlacement>& ranks);
// Collects the placement of all ranks, indexed by rank; `threads` is this rank's number of threads. All ranks
// must call it.
std::vector<RankPlacement> gather_placement(Communicator& communicator, int threads);

// Formats a list of cores, as in "0-3,8".
std::string format_cores(const std::vector<int>& cores);

}  // namespace revnet
