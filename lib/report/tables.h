// The paper's tables beside what was measured.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/table.h"
#include "report/cells.h"
#include "report/run_record.h"

namespace revnet {

// A network as the code builds it.
struct BuiltNetwork {
  std::string name;      // "revnet38"
  std::string unit;      // "basic", "bottleneck"
  std::string units;     // "3-3-3"
  std::string channels;  // "32, 32-64-112"
  std::int64_t parameters_10 = 0, parameters_100 = 0;
};

// Table 2: a line a network, the paper's parameters beside those of the network as built.
Table architecture_table(const std::vector<BuiltNetwork>& built);

// "CIFAR-10" of cifar10, "RevNet-38" of "revnet38"; other names as they are.
std::string dataset_title(Config::Dataset::Name dataset);
std::string network_title(const std::string& network);

// Table 3: a line a network; for CIFAR-10 and CIFAR-100 the paper's test error and what was measured, a
// column a schedule: "14.53" of one run, "14.53 ± 0.21 (3)" of several seeds; "-" where there is none.
Table error_table(const std::vector<RunRecord>& runs, const std::vector<Place>& places);

// Commands that fill the empty cells of the full schedule in error_table, started where this process was: a
// run that has a checkpoint goes on, another gets a seed whose default directory is free.
std::vector<std::string> missing_runs(const std::vector<RunRecord>& runs, const std::vector<Place>& places);

// On what error_table's runs were measured, a sentence a schedule with networks and seeds.
std::vector<std::string> measured_notes(const std::vector<RunRecord>& runs, const std::vector<Place>& places);

}  // namespace revnet
