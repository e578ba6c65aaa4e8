// How far a job of a sweep has got, judging from its run directory and the output of its process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "record/run_log.h"
#include "sweep/grid.h"

namespace revnet {

enum class JobStatus {
  waiting,      // has no run yet
  running,      // a process holds the run
  interrupted,  // begun, not complete, and held by no process
  complete,
  diverged,
  damaged,  // its config.yaml or run.h5 cannot be read
  failed,   // not complete, held by no process, and the latest one ended with an error
};
std::string_view name(JobStatus status);

struct JobState {
  JobStatus status = JobStatus::waiting;
  std::optional<Config> settings;  // with which the job was begun
  std::optional<RunLog> log;       // if the run has a log
  std::string failure;             // of a damaged or failed job: what went wrong, and with which file
};

// A scheduler's view of a job.
struct SchedulerState {
  std::string text;  // "pending (Resources)"
  bool running = false;
};
using SchedulerStates = std::map<std::string, SchedulerState>;

// A job's run directory: SWEEP/NAME.
std::filesystem::path directory_of(const std::filesystem::path& sweep, const Job& job);

// Where launchers keep what is not part of a run, such as the output of jobs: SWEEP/logs.
std::filesystem::path logs_folder(const std::filesystem::path& sweep);

// The settings that a launcher writes for the job's process: SWEEP/logs/NAME.yaml.
std::filesystem::path settings_file(const std::filesystem::path& sweep, const Job& job);

// The last non-empty line of a text file; "" if there is none.
std::string last_line_of(const std::filesystem::path& file);
// The last line that the job's latest process printed to its standard error; "" if there is none.
std::string last_words(const std::filesystem::path& sweep, const Job& job);

JobState read_state(const std::filesystem::path& sweep, const Job& job);

// The job's settings as revnet-train would resolve them, except for the threads, which are of the machine
// that runs the job.
Config resolved(const Job& job);

// Iterations of a job, of which only the settings that it was begun with are sure to have been resolved.
std::int64_t iterations_of(const Job& job, const JobState& state);

// If the job with this state was begun with settings other than its present ones, a message that names the
// first such setting; else "". What may change when a run is resumed (run/resumption.h) may differ.
std::string change_of(const std::filesystem::path& sweep, const Job& job, const JobState& state);
// The same for a job that has not begun but waits in Slurm, with the settings that were written for it.
std::string change_of_queued(const std::filesystem::path& sweep, const Job& job);
// Returns the state of a job. Throws a UsageError with the message of change_of(), if there is one.
JobState state_unless_changed(const std::filesystem::path& sweep, const Job& job);

// Throws UsageError if the job's settings contradict each other, such as a reconstructed ResNet.
void check_possible(const Job& job);

}  // namespace revnet
