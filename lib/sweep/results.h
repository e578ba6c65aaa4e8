// What the jobs of a sweep have come to, as tables and files.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/table.h"
#include "report/groups.h"
#include "report/run_record.h"
#include "sweep/job_state.h"

namespace revnet {

// A line a job: state, iteration, cross entropy and error of training, evaluation error, time left, or of a
// run that check_unchanged refuses only that it has changed; and, of jobs that are not complete, what the
// scheduler says, where there is one. It knows better what is running: a lock is seen on its own machine
// only, unless the file system passes it on.
Table status_table(const std::vector<Job>& jobs, const std::filesystem::path& sweep,
                   const std::optional<SchedulerStates>& scheduler = std::nullopt);

// Jobs that have rows, in the order of the file, and what their runs have come to.
struct SweepResults {
  std::vector<std::string> jobs;
  std::vector<RunRecord> runs;       // with at least one row of /train
  std::vector<std::string> changed;  // left out: a message for each run that check_unchanged refuses
};
SweepResults read_results(const std::vector<Job>& jobs, const std::filesystem::path& sweep);

// A line a job: the settings that the jobs do not share, then everything measured.
Table results_table(const SweepResults& results);

// HDF5: /jobs/settings, a column of text a setting, and in /jobs job, status, batch and a column of float64 a
// metric (report/metrics.h), NaN where there is none; /groups/settings, a column of text for each setting
// that varies beside the seed, and in /groups runs and, in METRIC/{mean, deviation, count}, what each metric
// is over the seeds.
void write_results(const std::filesystem::path& file, const SweepResults& results, const Grouping& groups,
                   const std::string& command);

}  // namespace revnet
