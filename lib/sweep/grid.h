// The runs of an experiment file.
#pragma once

#include <string>
#include <vector>

#include "record/sweep_file.h"

namespace revnet {

inline constexpr std::size_t most_runs = 1000;

struct Job {
  // "resnet32-batch16-seed1": the values that vary, in the order of the file; "run" when none does. Stable,
  // and fit for a directory.
  std::string name;
  Config config;
};

// Every combination of the grid but the excluded ones, then the included ones; rules applied. An included run
// that the grid has already is not run twice. UsageError when a rule or combination gives a setting a value
// it cannot have, two different runs would have one name, a name is too long for a folder, or there are more
// than most_runs, excluded ones counted.
std::vector<Job> expand(const SweepFile& sweep);

}  // namespace revnet
