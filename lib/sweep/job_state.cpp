#include "sweep/job_state.h"

#include <array>
#include <fstream>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "record/run_directory.h"
#include "run/earlier_run.h"
#include "run/resumption.h"
#include "train/setup.h"

namespace revnet {
std::string_view name(JobStatus status) {
  constexpr std::array<std::string_view, 7> names{"waiting",  "running", "interrupted", "complete",
                                                  "diverged", "damaged", "failed"};
  return names[static_cast<std::size_t>(status)];
}

std::filesystem::path directory_of(const std::filesystem::path& sweep, const Job& job) {
  return sweep / job.name;
}

std::filesystem::path logs_folder(const std::filesystem::path& sweep) {
  return sweep / "logs";
}

std::filesystem::path settings_file(const std::filesystem::path& sweep, const Job& job) {
  return logs_folder(sweep) / (job.name + ".yaml");
}

std::string last_line_of(const std::filesystem::path& file) {
  std::ifstream lines(file);
  return last_line(lines);
}

std::string last_words(const std::filesystem::path& sweep, const Job& job) {
  return last_line_of(logs_folder(sweep) / (job.name + ".err"));
}

namespace {

// The state as the run directory shows it.
JobState state_of_run(const std::filesystem::path& run) {
  const RunFiles files(run);
  JobState state;
  if (!std::filesystem::exists(files.config())) return state;
  state.status = JobStatus::interrupted;
  try {
    state.settings = settings_of_run(run);
    if (std::filesystem::exists(files.run_log())) state.log = RunLog::open(files.run_log());
  } catch (const Error& error) {
    state.status = JobStatus::damaged;
    state.failure = error.what();
  }
  if (state.log && state.log->status() == RunStatus::complete) state.status = JobStatus::complete;
  if (state.log && state.log->status() == RunStatus::diverged) state.status = JobStatus::diverged;
  if (is_in_use(run)) state.status = JobStatus::running;
  return state;
}

}  // namespace

JobState read_state(const std::filesystem::path& sweep, const Job& job) {
  JobState state = state_of_run(directory_of(sweep, job));
  if (state.status != JobStatus::waiting && state.status != JobStatus::interrupted) return state;
  // An error is the last thing that a process says.
  if (const std::string words = last_words(sweep, job); words.starts_with("revnet-train: ")) {
    state.status = JobStatus::failed;
    state.failure = words;
  }
  return state;
}

Config resolved(const Job& job) {
  Config config = job.config;
  config.training.threads = 0;
  return resolve(std::move(config));
}

std::int64_t iterations_of(const Job& job, const JobState& state) {
  if (state.settings) return state.settings->training.iterations;
  return job.config.training.epochs > 0 ? resolved(job).training.iterations : job.config.training.iterations;
}

namespace {

// The first setting of the job that is another in `earlier` and may not be.
std::optional<SettingDifference> changed_setting(const Job& job, const Config& earlier) {
  Config now = resolved(job);
  // The engine that the job's own machine has chosen counts, not what this one would choose.
  if (job.config.network.engine == Config::Network::Engine::automatic)
    now.network.engine = earlier.network.engine;
  for (const SettingDifference& difference : differences(now, earlier)) {
    if (!may_differ_when_resumed(difference.key)) return difference;
  }
  return {};
}

}  // namespace

std::string change_of(const std::filesystem::path& sweep, const Job& job, const JobState& state) {
  if (!state.settings) return "";
  const std::optional<SettingDifference> change = changed_setting(job, *state.settings);
  if (!change) return "";
  return fmt::format(
      "{}: {} was {} in this run, but the sweep now says {}; give the sweep another name, or remove the run "
      "to start it afresh",
      directory_of(sweep, job).string(), change->key, change->right, change->left);
}

std::string change_of_queued(const std::filesystem::path& sweep, const Job& job) {
  const std::filesystem::path file = settings_file(sweep, job);
  if (!std::filesystem::exists(file)) return "";
  Job written = job;
  written.config = {};
  read_config_file(written.config, file);
  const std::optional<SettingDifference> change = changed_setting(job, resolved(written));
  if (!change) return "";
  return fmt::format(
      "{}: waits in Slurm with {} = {}, but the sweep now says {}; take it back with revnet-sweep cancel, "
      "then run the sweep again",
      job.name, change->key, change->right, change->left);
}

JobState state_unless_changed(const std::filesystem::path& sweep, const Job& job) {
  JobState state = read_state(sweep, job);
  const std::string change = change_of(sweep, job, state);
  if (!change.empty()) throw UsageError(change);
  return state;
}

void check_possible(const Job& job) {
  try {
    resolved(job);
  } catch (const UsageError& error) {
    throw UsageError("{}: {}; leave the combination out with sweep.exclude", job.name, error.what());
  }
}

}  // namespace revnet
