// Where the jobs of a sweep run: the interface between revnet-sweep and this machine or a scheduler.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "settings/slurm_settings.h"
#include "sweep/sweep.h"

namespace revnet {

class Launcher {
 public:
  virtual ~Launcher() = default;

  // What run() would do, as text. Starts and writes nothing.
  virtual std::string plan(const std::vector<Job>& jobs, const Say& say) const = 0;
  // Starts every job that is not complete. Throws UsageError, before starting any, if a job's settings have
  // changed since it was begun or if it could never run.
  virtual SweepSummary run(const std::vector<Job>& jobs, const Say& say) const = 0;
};

// Runs jobs as processes on this machine (run_sweep) and waits for them.
std::unique_ptr<Launcher> local_launcher(SweepOptions options);

// Submits an array job to Slurm without waiting for it; sweep/slurm_launcher.h.
std::unique_ptr<Launcher> slurm_launcher(SweepOptions options, SlurmSettings settings);

}  // namespace revnet
