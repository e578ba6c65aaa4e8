// Slurm's text formats: the batch script that revnet-sweep submits, and the output of Slurm's commands. These
// functions only convert text; lib/sweep/slurm_launcher.h runs the commands.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "settings/slurm_settings.h"

namespace revnet {

struct SlurmArray {
  struct Element {
    std::string job;      // Job::name
    std::string dataset;  // the first argument of revnet-train
  };

  std::filesystem::path sweep, program;  // SWEEP and revnet-train, absolute
  SlurmSettings settings;                // with cpus_per_task and memory_bytes filled in
  std::vector<Element> elements;         // by array index, which starts at 0
};

// The job's name in squeue: the sweep folder's name, however its path is written, with _ for characters that
// a shell or squeue could misinterpret.
std::string slurm_job_name(const std::filesystem::path& sweep);

// The bash script for sbatch.
//
// revnet-train runs under srun, so that Slurm's signals reach it and not only the shell. Ahead of the time
// limit it receives SIGUSR1, saves a checkpoint and exits with code 3. The script then has Slurm requeue the
// job, unless it has started max_tries times, and the next try resumes the run. A cancelled job receives
// SIGTERM, also saves a checkpoint, and is not requeued. If srun could not start a training, the try counts
// as failed, although srun itself exits with 0. Each try appends its outcome to SWEEP/slurm/JOB.exits: array
// job, index, try, exit code.
std::string batch_script(const SlurmArray& array);

// A line of SWEEP/slurm/jobs: the array task that a job was submitted as.
struct SlurmTask {
  std::int64_t array_job = 0, index = 0;
  std::string job;
  bool operator==(const SlurmTask&) const = default;
};
std::string format_task(const SlurmTask& task);
// Throws an Error with the line number for a malformed line.
std::vector<SlurmTask> parse_tasks(std::string_view text, const std::string& origin);

// A line of squeue, called with --noheader --array and this format: a task that has not ended.
inline constexpr const char* queue_format = "%F|%K|%T|%L|%N|%r|%j";
struct QueueEntry {
  std::int64_t array_job = 0, index = 0;
  std::string state;      // PENDING, RUNNING, COMPLETING, ...
  std::string time_left;  // until the time limit
  std::string nodes, reason, name;
  bool operator==(const QueueEntry&) const = default;
};
// Skips lines of jobs that are not array jobs or whose names cannot be a sweep's.
std::vector<QueueEntry> parse_queue(std::string_view text);
// "pending (Resources)" or "running on node7, 1:59:30 to its limit".
std::string describe(const QueueEntry& entry);

// A line of sacct, called with --noheader --parsable2 --allocations and this format.
inline constexpr const char* accounting_format = "JobID,State,ExitCode,JobName";
struct AccountingEntry {
  std::int64_t array_job = 0, index = 0;
  std::string state;      // COMPLETED, FAILED, TIMEOUT, ...
  std::string exit_code;  // "1:0": exit code and signal
  std::string name;
  bool operator==(const AccountingEntry&) const = default;
};
std::vector<AccountingEntry> parse_accounting(std::string_view text);
std::string describe(const AccountingEntry& entry);

// The job id that sbatch --parsable printed: "123" or "123;cluster". Throws Error for anything else.
std::int64_t parse_submission(std::string_view text);

// MaxArraySize from the output of scontrol show config; nothing if it is missing.
std::optional<std::int64_t> parse_array_limit(std::string_view text);

}  // namespace revnet
