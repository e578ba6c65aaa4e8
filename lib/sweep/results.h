// What the jobs of a sweep have achieved, as tables and files.
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

// One line per job: state, iteration, cross entropy and error in training, evaluation error and time left. A
// run whose settings have changed (change_of) is only shown as changed. With a scheduler, jobs that are not
// complete also show its view, which takes precedence on what is running: a lock held on another machine is
// visible only if the file system passes it on.
Table status_table(const std::vector<Job>& jobs, const std::filesystem::path& sweep,
                   const std::optional<SchedulerStates>& scheduler = std::nullopt);

// The jobs that have rows, in the order of the file, and the results of their runs.
struct SweepResults {
  std::vector<std::string> jobs;
  std::vector<RunRecord> runs;  // with at least one row of /train
  // The settings that vary between the jobs of the sweep, also between those without results yet, or between
  // the runs.
  std::vector<std::string> keys;
  // A message for each run that is left out: those without a row yet, and those at fault, which failed
  // without one, are damaged, or have changed settings.
  std::vector<std::string> without_rows, at_fault;
};
SweepResults read_results(const std::vector<Job>& jobs, const std::filesystem::path& sweep);

// One line per job: SweepResults::keys, then everything measured.
Table results_table(const SweepResults& results);

// Writes HDF5. /jobs holds job, status, batch and a float64 column for each metric (report/metrics.h), NaN
// where missing; /jobs/settings has a text column for each setting. /groups holds runs and, as METRIC/{mean,
// deviation, count}, each metric over the seeds; /groups/settings has a text column for each setting, other
// than the seed, that varies.
void write_results(const std::filesystem::path& file, const SweepResults& results, const Grouping& groups,
                   const std::string& command);

}  // namespace revnet
