// Where the jobs of a sweep run: the seam between revnet-sweep and this machine or a scheduler.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "record/slurm_settings.h"
#include "sweep/sweep.h"

namespace revnet {

// Gets a line for everything that happens.
using Say = std::function<void(const std::string&)>;

class Launcher {
 public:
  virtual ~Launcher() = default;

  // What run would do, as text; nothing is started or written.
  virtual std::string plan(const std::vector<Job>& jobs, const Say& say) const = 0;
  // Starts what is not complete. UsageError, before anything is started, when a job's settings have changed
  // since it was begun, or it could never run.
  virtual SweepSummary run(const std::vector<Job>& jobs, const Say& say) const = 0;
};

// Processes on this machine (run_sweep), awaited.
std::unique_ptr<Launcher> local_launcher(SweepOptions options);

// An array job, handed to Slurm and not awaited; sweep/slurm_launcher.h.
std::unique_ptr<Launcher> slurm_launcher(SweepOptions options, SlurmSettings settings);

}  // namespace revnet
