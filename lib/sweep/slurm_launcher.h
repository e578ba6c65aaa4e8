// A sweep in Slurm. The files in SWEEP/slurm/ are N.sh, the batch scripts in the order of submission; jobs,
// one line per submitted task (array job, index, job name); JOB.exits, one line per try of a job; %A_%a.log,
// the output of the batch shells; and lock, held while submitting. The output of a training goes to
// SWEEP/logs, as on this machine.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "settings/slurm_settings.h"
#include "sweep/job_state.h"
#include "sweep/launcher.h"

namespace revnet {

// The batch scripts that submit_to_slurm() would submit. Writes nothing.
std::string plan_in_slurm(const std::vector<Job>& jobs, const SweepPaths& paths,
                          const SlurmSettings& settings, const Say& say);

// Submits an array job of every job that is not complete, without waiting for it. Throws UsageError, before
// submitting anything, if a job's settings have changed since it was begun or submitted, or if it could never
// run.
SweepSummary submit_to_slurm(const std::vector<Job>& jobs, const SweepPaths& paths,
                             const SlurmSettings& settings, const Say& say);

// Slurm's view of the submitted jobs: from squeue; else from sacct, where accounting runs; else from how the
// last try ended. Nothing if the sweep was never submitted, or, after a notice through `say`, if squeue does
// not answer.
std::optional<SchedulerStates> slurm_states(const std::filesystem::path& sweep, const Say& say);

// The jobs that are queued or running in Slurm: by name, how they stand, as in "pending (Resources)". Empty
// if the sweep was never submitted. Throws Error if squeue does not answer.
std::map<std::string, std::string> jobs_in_slurm(const std::filesystem::path& sweep);

// Cancels all queued and running jobs, of which the running ones save a checkpoint. Returns how many there
// were. Throws Error if Slurm does not answer.
std::size_t cancel_in_slurm(const std::filesystem::path& sweep);

}  // namespace revnet
