// What the jobs of a sweep request from Slurm: the section `slurm` of an experiment file's `sweep`.
// lib/sweep/README.md lists its keys, which are all optional.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace revnet {

struct SlurmSettings {
  // Empty: the cluster's default. `time` limits one try, and `mpi` is the value of srun --mpi.
  std::string partition, account, time, mpi;
  std::int64_t cpus_per_task = 0;  // 0: the most threads any job's settings ask for, or 1
  std::int64_t nodes = 1, tasks = 1;
  std::uint64_t memory_bytes = 0;     // per node; 0: what the memory plan of the largest job says
  std::int64_t signal_seconds = 120;  // before the limit, when a try is asked to stop
  std::int64_t array_limit = 0;       // 0: the cluster's
  std::int64_t running_limit = 0;     // 0: no limit
  std::int64_t max_tries = 20;        // after which a job is not queued again
  // Lines for the batch script: those that begin with #SBATCH join the other options, the rest run as
  // commands before the training starts.
  std::vector<std::string> extra_lines;

  bool operator==(const SlurmSettings&) const = default;
};

// The most tasks that a node has when they are spread evenly.
inline std::int64_t tasks_a_node(const SlurmSettings& settings) {
  return (settings.tasks + settings.nodes - 1) / settings.nodes;
}

// Seconds of a time limit in Slurm's notation: MINUTES, MINUTES:SECONDS, HOURS:MINUTES:SECONDS, DAYS-HOURS,
// DAYS-HOURS:MINUTES, DAYS-HOURS:MINUTES:SECONDS. -1 for anything else, including "".
std::int64_t slurm_seconds(const std::string& time);

}  // namespace revnet
