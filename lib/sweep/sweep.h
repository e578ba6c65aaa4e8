// Running the jobs of an experiment file on this machine: a revnet-train process each, on cores of its own,
// started when its memory fits.
//
// SWEEP/ holds a run directory a job, SWEEP/NAME; SWEEP/logs/NAME.{yaml,out,err}, the job's settings and what
// its process printed. Run again, a sweep leaves alone what is complete and goes on with what was
// interrupted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/table.h"
#include "sweep/job_state.h"
#include "system/memory_limit.h"

namespace revnet {

struct SweepOptions {
  std::filesystem::path directory;  // SWEEP
  std::filesystem::path program;    // revnet-train
  std::size_t jobs = 1;             // at one time
  bool fail_fast = false;           // stop the others when one fails
  int retries = 0;                  // of a job that failed
  std::uint64_t memory_bytes = 0;   // for all jobs together; 0: what the tightest memory limit leaves
};

// What a job's process will need, in bytes: tensors by plan, its data set, and itself.
std::uint64_t planned_memory(const Job& job, int threads);
// For all jobs together: --memory, or the tightest of this process's limits, as if that of a process were one
// for all of them.
MemoryLimit memory_for_jobs(const SweepOptions& options);
// Groups of cores as equal as can be, at most one a core.
std::vector<std::vector<int>> split_cores(const std::vector<int>& cores, std::size_t groups);
// How long it will take, roughly, with its evaluations: from its arithmetic and what sgemm reaches on one
// thread.
double estimated_seconds(const Job& job, int threads, double sgemm_gflops);
// How long jobs of these times take when each begins as soon as one of the places is free.
double seconds_in_all(const std::vector<double>& jobs, std::size_t places);

// A line a job, with state, memory and the estimated time of what is left to do, and below them what that is
// in all; for --dry-run.
std::string plan_text(const std::vector<Job>& jobs, const SweepOptions& options);

struct SweepSummary {
  std::size_t complete = 0, failed = 0, unfinished = 0;
  bool interrupted = false;
};

// Runs until all jobs are done, or a signal (train/interrupt.h) asks to stop: then every job is asked to save
// a checkpoint and end. `say` gets a line for everything that happens. UsageError, before anything is
// started, when a job's settings have changed since it was begun, or a job could never fit the memory.
SweepSummary run_sweep(const std::vector<Job>& jobs, const SweepOptions& options,
                       const std::function<void(const std::string&)>& say);

}  // namespace revnet
