// How far a job of a sweep is, from what lies in its run directory.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "record/run_log.h"
#include "sweep/grid.h"

namespace revnet {

enum class JobStatus {
  waiting,      // no run yet
  running,      // a process holds the run
  interrupted,  // begun, not complete, and no process holds it
  complete,
  diverged,
};
std::string_view name(JobStatus status);

struct JobState {
  JobStatus status = JobStatus::waiting;
  std::optional<RunLog> log;  // of a run that has one
};

// What a scheduler says of jobs, by name.
struct SchedulerState {
  std::string text;  // "pending (Resources)"
  bool running = false;
};
using SchedulerStates = std::map<std::string, SchedulerState>;

// The run directory of a job: SWEEP/NAME.
std::filesystem::path directory_of(const std::filesystem::path& sweep, const Job& job);

// The last line of a text file that is not empty; "" if there is none.
std::string last_line_of(const std::filesystem::path& file);

JobState read_state(const std::filesystem::path& run);

// What is to be said, naming the setting, when a job that has begun was begun with other settings than it has
// now; "" when it was not. Settings that do not change the result (threads, the data directory, how often
// checkpoints are saved) may differ.
std::string change_of(const std::filesystem::path& sweep, const Job& job);
// UsageError that says it.
void check_unchanged(const std::filesystem::path& sweep, const Job& job);

// UsageError for a job with settings that cannot go together, such as a ResNet that is reconstructed.
void check_possible(const Job& job);

}  // namespace revnet
