// Slurm's languages: the batch script that revnet-sweep submits, and what Slurm's commands print. Pure text
// in, text out; lib/sweep/slurm_launcher.h runs the commands.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/slurm_settings.h"

namespace revnet {

// One array job.
struct SlurmArray {
  struct Element {
    std::string job;      // the name of Job
    std::string dataset;  // what revnet-train takes as its first argument
  };

  std::filesystem::path sweep, program;  // SWEEP and revnet-train, absolute
  SlurmSettings settings;                // with cpus_per_task and memory_bytes chosen
  std::vector<Element> elements;         // by array index, from 0
};

// The job's name in squeue: that of the folder (however its path is written), with what a shell or squeue
// could mistake replaced by _.
std::string slurm_job_name(const std::filesystem::path& sweep);

// A bash script for sbatch.
//
// revnet-train runs under srun, so that Slurm's signals reach it and not only the shell. Ahead of the time
// limit it gets SIGUSR1, saves a checkpoint and leaves with exit code 3; then the script has Slurm queue the
// job again, up to max_tries starts, and the next try resumes the run. A job that is cancelled gets SIGTERM,
// saves its checkpoint as well and is not queued again. A training that srun could not start, which it ends
// with 0 for all that, counts as failed. How each try ended is added to SWEEP/slurm/JOB.exits: array job,
// index, try, exit code.
std::string batch_script(const SlurmArray& array);

// A line of SWEEP/slurm/jobs: which task of which array job a job was submitted as.
struct SlurmTask {
  std::int64_t array_job = 0, index = 0;
  std::string job;
  bool operator==(const SlurmTask&) const = default;
};
std::string format_task(const SlurmTask& task);
// Error, with the line's number, for lines that are no tasks.
std::vector<SlurmTask> parse_tasks(std::string_view text, const std::string& origin);

// A line of squeue, called with --noheader --array and this format: a task that is not over.
inline constexpr const char* queue_format = "%F|%K|%T|%L|%N|%r|%j";
struct QueueEntry {
  std::int64_t array_job = 0, index = 0;
  std::string state;      // PENDING, RUNNING, COMPLETING, ...
  std::string time_left;  // to the limit
  std::string nodes, reason, name;
  bool operator==(const QueueEntry&) const = default;
};
// Lines of jobs that are no arrays, or not ours by their names, are left out.
std::vector<QueueEntry> parse_queue(std::string_view text);
// "pending (Resources)", "running on node7, 1:59:30 to its limit".
std::string describe(const QueueEntry& entry);

// A line of sacct, called with --noheader --parsable2 --array --allocations and this format.
inline constexpr const char* accounting_format = "JobID,State,ExitCode";
struct AccountingEntry {
  std::int64_t array_job = 0, index = 0;
  std::string state;      // COMPLETED, FAILED, TIMEOUT, ...
  std::string exit_code;  // "1:0": exit code and signal
  bool operator==(const AccountingEntry&) const = default;
};
std::vector<AccountingEntry> parse_accounting(std::string_view text);
std::string describe(const AccountingEntry& entry);

// The job id that sbatch --parsable printed: "123" or "123;cluster". Error for anything else.
std::int64_t parse_submission(std::string_view text);

// MaxArraySize of scontrol show config; nothing when it is not there.
std::optional<std::int64_t> parse_array_limit(std::string_view text);

}  // namespace revnet
