// Where the ranks of a run compute, and on how many cores.
#pragma once

#include <string>
#include <vector>

#include "train/communicator.h"

namespace revnet {

// One rank.
struct RankPlacement {
  std::string host;
  int threads = 1;
  std::vector<int> cores;  // that its launcher gave it
  int cores_of_host = 1;
};

struct PlacementReport {
  std::vector<std::string> lines;     // one a host
  std::vector<std::string> warnings;  // of cores that are too few or left idle
};

// By rank. Nothing to say of a single one.
PlacementReport describe_placement(const std::vector<RankPlacement>& ranks);
// Of all ranks of this run, by rank; `threads` are this one's. All ranks call it.
std::vector<RankPlacement> gather_placement(Communicator& communicator, int threads);

// "0-3,8".
std::string format_cores(const std::vector<int>& cores);

}  // namespace revnet
