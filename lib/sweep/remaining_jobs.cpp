#include "sweep/remaining_jobs.h"

#include <fmt/format.h>

#include "base/error.h"

namespace revnet {

std::vector<Job> remaining_jobs(const std::vector<Job>& jobs, const std::filesystem::path& sweep,
                                const std::map<std::string, std::string>& in_slurm, SweepSummary& summary,
                                const Say& say) {
  std::vector<Job> remaining;
  for (const Job& job : jobs) {
    const JobState state = state_unless_changed(sweep, job);
    const JobStatus status = state.status;
    const std::string run = directory_of(sweep, job).string();
    const auto queued = in_slurm.find(job.name);
    if (status == JobStatus::complete) {
      ++summary.complete;
      say(job.name + ": already complete");
    } else if (status == JobStatus::diverged) {
      ++summary.failed;
      say(fmt::format("{}: diverged already, and would again; remove {} to start it anew", job.name, run));
    } else if (queued != in_slurm.end()) {
      const std::string change = state.settings ? "" : change_of_queued(sweep, job);
      if (!change.empty()) throw UsageError(change);
      say(job.name + ": already in Slurm, " + queued->second);
    } else if (status == JobStatus::running) {
      throw UsageError("{} is in use by another process: wait for it, or stop it", run);
    } else {
      remaining.push_back(job);
    }
  }
  return remaining;
}

}  // namespace revnet
