// Runs the jobs of an experiment file on this machine. Each job is a revnet-train process on cores of its own
// and starts as soon as its memory fits.
//
// SWEEP/logs/NAME.{yaml,out,err} have a job's settings and the output of its process. When a sweep is run
// again, it leaves complete jobs alone and continues interrupted ones.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sweep/job_state.h"
#include "sweep/launcher.h"
#include "system/memory_limit.h"

namespace revnet {

struct LocalOptions {
  std::size_t at_once = 1;         // how many jobs run at a time
  bool fail_fast = false;          // stop the other jobs when one fails
  int retries = 0;                 // how often a failed job is retried
  std::uint64_t memory_bytes = 0;  // total for all jobs; 0: what the tightest memory limit leaves
};

// The memory for all jobs together: --memory or, treating limits of one process as if they applied to all
// jobs together, the tightest of this process's limits.
MemoryLimit memory_for_jobs(const LocalOptions& options);
// Splits the cores into groups of nearly equal size, at most one group per core.
std::vector<std::vector<int>> split_cores(const std::vector<int>& cores, std::size_t groups);

// For --dry-run: one line per job with state, memory and the estimated time left, and a summary line below.
// `say` receives a line for each job that run_locally() would refuse for its memory or its threads.
std::string plan_locally(const std::vector<Job>& jobs, const SweepPaths& paths, const LocalOptions& options,
                         const Say& say);

// Runs until all jobs are done or a signal (system/interrupt.h) asks to stop; every job is then asked to save
// a checkpoint and end. Jobs that Slurm still has are left to it. Throws UsageError, before starting
// anything, if a job's settings have changed since it was begun or if a job's memory could never fit, and
// InUseError if another process runs the sweep.
SweepSummary run_locally(const std::vector<Job>& jobs, const SweepPaths& paths, const LocalOptions& options,
                         const Say& say);

}  // namespace revnet
