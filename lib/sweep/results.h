// What the jobs of a sweep have come to, as tables and files.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/table.h"
#include "report/run_record.h"
#include "sweep/job_state.h"

namespace revnet {

// A line a job: state, iteration, cross entropy and error of training, evaluation error, time left; and, of
// jobs that are not complete, what the scheduler says, where there is one. It knows better what is running: a
// lock is seen on its own machine only, unless the file system passes it on.
Table status_table(const std::vector<Job>& jobs, const std::filesystem::path& sweep,
                   const std::optional<SchedulerStates>& scheduler = std::nullopt);

// What a job's run has come to.
struct JobResult {
  std::string job;
  std::string status;  // "complete", "running" and so on
  RunRecord run;       // with at least one row of /train
};
// Of jobs that have rows, in the order of the file.
std::vector<JobResult> read_results(const std::vector<Job>& jobs, const std::filesystem::path& sweep);

// A line a result: the settings that the jobs do not share, then everything measured.
Table results_table(const std::vector<JobResult>& results);

// HDF5: /jobs/settings, a column of text a setting, and in /jobs job, status, batch and a column of float64 a
// measurement, NaN where there is none.
void write_results(const std::filesystem::path& file, const std::vector<JobResult>& results,
                   const std::string& command);

}  // namespace revnet
