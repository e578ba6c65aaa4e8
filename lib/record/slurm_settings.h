// What the jobs of a sweep ask Slurm for: the section `slurm` of an experiment file's `sweep`. Every key may
// be left out.
//
//     sweep:
//       slurm:
//         partition: long
//         account: vision
//         # Of one try, as Slurm writes it: minutes, hours:minutes:seconds, days-hours.
//         time: "12:00:00"
//         # What a try is asked to stop ahead of the limit: its last step and checkpoint have to fit.
//         signal_seconds: 120
//         # How often one job may start.
//         max_tries: 20
//         # Of one training; several tasks run under MPI, each with cpus_per_task threads.
//         nodes: 1
//         tasks: 1
//         cpus_per_task: 16
//         # A node.
//         memory: 8GiB
//         # Jobs in one array, where the cluster's MaxArraySize allows more; and of one array at one time.
//         array_limit: 500
//         running_limit: 8
//         # srun --mpi; of several tasks pmix, unless something else is said here.
//         mpi: pmix
//         extra_lines: ["#SBATCH --constraint=avx512", module load openmpi]
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace revnet {

struct SlurmSettings {
  std::string partition, account, time, mpi;  // empty: as the cluster has it
  std::int64_t cpus_per_task = 0;             // 0: the most threads that a job's settings ask for, or 1
  std::int64_t nodes = 1, tasks = 1;
  std::uint64_t memory_bytes = 0;  // a node; 0: what the largest job will need by plan
  std::int64_t signal_seconds = 120;
  std::int64_t array_limit = 0;    // 0: the cluster's
  std::int64_t running_limit = 0;  // 0: none
  std::int64_t max_tries = 20;
  // Put into the batch script: those that begin with #SBATCH with the other options, the rest as commands
  // before the training starts.
  std::vector<std::string> extra_lines;

  bool operator==(const SlurmSettings&) const = default;
};

// Seconds of a time limit as Slurm writes it: MINUTES, MINUTES:SECONDS, HOURS:MINUTES:SECONDS, DAYS-HOURS,
// DAYS-HOURS:MINUTES, DAYS-HOURS:MINUTES:SECONDS. -1 for anything else, and for none at all.
std::int64_t slurm_seconds(const std::string& time);

}  // namespace revnet
