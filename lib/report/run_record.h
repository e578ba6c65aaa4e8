// One finished or unfinished run, as reports see it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "record/config.h"
#include "record/run_log.h"

namespace revnet {

struct RunRecord {
  std::filesystem::path directory;
  Config config;                          // resolved
  RunStatus status = RunStatus::running;  // of a log alone: running only while some process holds the run
  std::vector<TrainRow> train;
  std::vector<EvalRow> eval;
  double images_per_second = 0;  // the median over the rows of /train, so that evaluations do not count
  double seconds = 0;
  std::int64_t saved_bytes = 0, peak_bytes = 0;

  bool complete() const { return status == RunStatus::complete && !eval.empty(); }
};

// From RUN/run.h5, and RUN/run.lock. RecordError, naming the file, when it is missing or damaged.
RunRecord read_run(const std::filesystem::path& directory);

// Every run directory at or below these folders (a folder that holds run.h5), in the order of their paths.
// UsageError, naming the folder, when one holds none.
std::vector<std::filesystem::path> find_runs(const std::vector<std::filesystem::path>& folders);

}  // namespace revnet
