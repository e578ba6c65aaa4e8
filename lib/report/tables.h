// The paper's tables next to measured values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/table.h"
#include "report/cells.h"
#include "report/run_record.h"

namespace revnet {

struct BuiltNetwork {
  std::string name;      // "revnet38"
  std::string unit;      // "basic", "bottleneck"
  std::string units;     // "3-3-3"
  std::string channels;  // "32, 32-64-112"
  std::int64_t parameters_10 = 0, parameters_100 = 0;
};

// Table 2: one line per network, with the paper's parameter counts next to those of the network as built.
Table architecture_table(const std::vector<BuiltNetwork>& built);

// "CIFAR-10" for cifar10, "RevNet-38" for "revnet38"; other names are unchanged.
std::string dataset_title(Config::Dataset::Name dataset);
std::string network_title(const std::string& network);

// Table 3: one line per network. CIFAR-10 and CIFAR-100 each have the paper's test error and one column per
// measured schedule: "14.53" for one run, "14.53 ± 0.21 (3)" for several seeds, "-" for none.
Table error_table(const std::vector<RunRecord>& runs, const std::vector<Place>& places);

// Commands that fill the empty cells of the full schedule in error_table(), relative to this process's
// working directory. A run with a checkpoint is resumed; otherwise the command takes a seed whose default
// directory is free.
std::vector<std::string> missing_runs(const std::vector<RunRecord>& runs, const std::vector<Place>& places);

// The data that the runs of error_table() were measured on: one sentence per schedule, with networks and
// seeds.
std::vector<std::string> measured_notes(const std::vector<RunRecord>& runs, const std::vector<Place>& places);

}  // namespace revnet
