// Expands an experiment file into jobs.
#pragma once

#include <string>
#include <vector>

#include "settings/sweep_file.h"

namespace revnet {

inline constexpr std::size_t most_jobs = 1000;

struct Job {
  // "resnet32-batch16-seed1": the values that vary, in the order of the file; "run" if none do. Stable across
  // calls and fit for a directory name.
  std::string name;
  Config config;
};

// Every combination of the grid except the excluded ones, then the included jobs, with the rules applied. An
// included job that the grid already contains is not repeated. Throws UsageError if a rule or combination
// gives a setting an impossible value, if two different jobs would share a name, if a name is too long for a
// folder, or if there are more than most_jobs, counting excluded ones.
std::vector<Job> expand(const SweepFile& sweep);

}  // namespace revnet
