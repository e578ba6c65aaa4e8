// What the jobs of a sweep have come to, as tables and files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/table.h"
#include "sweep/job_state.h"

namespace revnet {

// A line a job: state, iteration, cross entropy and error of training, evaluation error, time left.
Table status_table(const std::vector<Job>& jobs, const std::filesystem::path& sweep);

// What a job's run log says.
struct JobResult {
  std::string job;
  Config config;
  std::string status;
  std::int64_t iterations = 0;
  double train_cross_entropy = 0, train_error_percent = 0;
  double eval_cross_entropy = 0, eval_error_percent = 0;
  double images_per_second = 0;  // the median over the rows of /train, so that evaluations do not count
  double seconds = 0;
  std::int64_t saved_bytes = 0, peak_bytes = 0;
};
// Of jobs that have a run log, in the order of the file.
std::vector<JobResult> read_results(const std::vector<Job>& jobs, const std::filesystem::path& sweep);

// A line a result: the settings that the jobs do not share, then everything measured.
Table results_table(const std::vector<JobResult>& results);

// HDF5: /jobs, with a column a setting (as text) and a column a measurement.
void write_results(const std::filesystem::path& file, const std::vector<JobResult>& results,
                   const std::string& command);

}  // namespace revnet
