// The memory plan of a run as text: YAML for --dry-run, and a line for the closing summary.
#pragma once

#include <string>

#include "settings/config.h"

namespace revnet {

// Returns what --dry-run prints, as YAML: architecture, data set and run directory; parameters and
// multiply-adds; activation_bytes, peak_bytes and arena_bytes by mode; oneDNN; the resolved settings. Bytes
// are those of each rank. Needs no file and no data set.
std::string plan_yaml(const Config& config, const std::string& run_directory, int ranks = 1);

// Returns text such as "49.7 MB saved (reconstructed); 304.6 MB if stored", for each of the ranks.
std::string describe_activation_bytes(const Config& config, int ranks = 1);

}  // namespace revnet
