// A sweep in Slurm. SWEEP/slurm/ holds N.sh, the batch scripts in the order of their submission; jobs, a line
// for every task submitted: array job, index, name of the job; JOB.exits, a line for every try of a job;
// %A_%a.log, what the batch shells printed; and lock, held while jobs are submitted. What a training prints
// goes to SWEEP/logs, as on one machine.
#pragma once

#include <optional>

#include "sweep/job_state.h"
#include "sweep/launcher.h"

namespace revnet {

// What Slurm says of the jobs that were submitted to it: of squeue; else of sacct, where accounting runs;
// else how the last try ended. Nothing for a sweep that was never submitted, and, after a word about it,
// where squeue does not answer.
std::optional<SchedulerStates> slurm_states(const std::filesystem::path& sweep, const Say& say);

// Cancels what is queued or running; running jobs save a checkpoint. How many there were. Error when Slurm
// does not answer.
std::size_t cancel_in_slurm(const std::filesystem::path& sweep);

}  // namespace revnet
