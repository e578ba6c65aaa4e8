// Which jobs of a sweep a launcher has to start, wherever it runs them.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "sweep/job_state.h"
#include "sweep/launcher.h"

namespace revnet {

// Returns the jobs that are neither complete nor diverged nor in Slurm. Diverged jobs are left alone, because
// they would repeat the same steps. Counts in `summary`, and tells through `say`, why others are left out.
// `in_slurm` says of each job that Slurm still has how it stands there: "pending (Resources)". Throws
// UsageError if a job's settings have changed since it was begun or submitted, or if another process runs it.
std::vector<Job> remaining_jobs(const std::vector<Job>& jobs, const std::filesystem::path& sweep,
                                const std::map<std::string, std::string>& in_slurm, SweepSummary& summary,
                                const Say& say);

}  // namespace revnet
