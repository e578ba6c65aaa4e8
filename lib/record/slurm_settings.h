// What the jobs of a sweep request from Slurm: the section `slurm` of an experiment file's `sweep`. Every key
// is optional.
//
//     sweep:
//       slurm:
//         partition: long
//         account: vision
//         # Time limit of one try, as Slurm writes it: minutes, hours:minutes:seconds, days-hours.
//         time: "12:00:00"
//         # Seconds before the limit at which a try is asked to stop: its last step and checkpoint must fit.
//         signal_seconds: 120
//         # A job that has started so often is not queued again when it reaches its limit.
//         max_tries: 20
//         # For one training; several tasks run under MPI, each with cpus_per_task threads.
//         nodes: 1
//         tasks: 1
//         cpus_per_task: 16
//         # Memory per node.
//         memory: 8GiB
//         # Most jobs in one array (at most the cluster's MaxArraySize), and most running at a time.
//         array_limit: 500
//         running_limit: 8
//         # srun --mpi; with several tasks pmix by default.
//         mpi: pmix
//         extra_lines: ["#SBATCH --constraint=avx512", module load openmpi]
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace revnet {

struct SlurmSettings {
  std::string partition, account, time, mpi;  // empty: the cluster's default
  std::int64_t cpus_per_task = 0;             // 0: the most threads any job's settings ask for, or 1
  std::int64_t nodes = 1, tasks = 1;
  std::uint64_t memory_bytes = 0;  // per node; 0: what the memory plan of the largest job says
  std::int64_t signal_seconds = 120;
  std::int64_t array_limit = 0;    // 0: the cluster's
  std::int64_t running_limit = 0;  // 0: no limit
  std::int64_t max_tries = 20;
  // Lines for the batch script: those that begin with #SBATCH join the other options, the rest run as
  // commands before the training starts.
  std::vector<std::string> extra_lines;

  bool operator==(const SlurmSettings&) const = default;
};

// Seconds of a time limit in Slurm's notation: MINUTES, MINUTES:SECONDS, HOURS:MINUTES:SECONDS, DAYS-HOURS,
// DAYS-HOURS:MINUTES, DAYS-HOURS:MINUTES:SECONDS. -1 for anything else, including "".
std::int64_t slurm_seconds(const std::string& time);

}  // namespace revnet
