#include "sweep/local_launcher.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <deque>
#include <map>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "base/error.h"
#include "base/table.h"
#include "base/text.h"
#include "record/run_directory.h"
#include "study/machine.h"
#include "sweep/estimate.h"
#include "sweep/remaining_jobs.h"
#include "sweep/slurm_launcher.h"
#include "system/host.h"
#include "system/interrupt.h"
#include "system/lock_file.h"
#include "system/posix_file.h"
#include "system/process.h"
#include "train/divergence.h"
#include "train/setup.h"

namespace revnet {
namespace {

// The fraction of a job's iterations that run_locally() would still compute, as far as its log says.
double share_left(const Job& job, const JobState& state) {
  if (state.status == JobStatus::complete || state.status == JobStatus::diverged) return 0;
  if (!state.log || state.log->train().empty()) return 1;
  const auto done = static_cast<double>(state.log->train().back().iteration);
  return std::max(0.0, 1 - done / static_cast<double>(iterations_of(job, state)));
}

// How many threads a job takes by default on one of these groups of cores.
int threads_on(const std::vector<std::vector<int>>& groups) {
  const int share = std::max(1, default_threads() / static_cast<int>(groups.size()));
  return std::min(share, static_cast<int>(groups.front().size()));
}

int threads_of(const Job& job, int by_default) {
  return job.config.training.threads > 0 ? job.config.training.threads : by_default;
}

// Why OpenMP may not start as many threads on this machine as the job has; "" if it may.
std::string against_threads(const Job& job) {
  try {
    resolve(job.config);
    return "";
  } catch (const UsageError& error) {
    return fmt::format("{}: {}", job.name, error.what());
  }
}

std::string does_not_fit(const Job& job, std::uint64_t bytes, const MemoryLimit& limit) {
  const bool could_reconstruct =
      job.config.network.activations != Config::Network::Activations::reconstructed &&
      can_keep(architecture(job.config), ActivationMode::reconstructed);
  return fmt::format("{} needs {} of memory, but {} leaves {}: use a smaller training.batch{}", job.name,
                     format_bytes(bytes), limit.name, format_bytes(limit.left),
                     could_reconstruct ? ", or activations reconstructed" : "");
}

// A sweep's folder can come to a machine without Slurm, where this must not keep its jobs from running.
std::map<std::string, std::string> in_slurm(const std::filesystem::path& sweep, const Say& say) {
  try {
    return jobs_in_slurm(sweep);
  } catch (const Error& error) {
    say(std::string(error.what()) + "; if jobs of this sweep still wait in Slurm, cancel them there");
    return {};
  }
}

class Runner {
 public:
  Runner(const std::vector<Job>& jobs, const SweepPaths& paths, const LocalOptions& options, const Say& say)
      : paths_(paths),
        options_(options),
        say_(say),
        free_(split_cores(usable_cores(), std::min(options.at_once, jobs.size()))),
        threads_(threads_on(free_)),
        memory_(memory_for_jobs(options)) {
    const std::vector<Job> left =
        remaining_jobs(jobs, paths_.directory, in_slurm(paths_.directory, say), summary_, say);
    for (const Job& job : left) queue(job);
    say_if_crowded(left);
  }

  SweepSummary run() {
    make_folders(logs_folder(paths_.directory));
    // Without the lock, two sweeps at once would start the same jobs.
    const LockFile lock(logs_folder(paths_.directory) / "lock", paths_.directory.string());
    try {
      run_all();
    } catch (...) {
      // Each saves a checkpoint first, which may take longer than an abandoned process is given. A second
      // signal would end it at once.
      if (!stopping_) {
        for (Running& job : running_) job.process.send(SIGTERM);
      }
      for (Running& job : running_) job.process.wait();
      throw;
    }
    summary_.unfinished = waiting_.size() + stopped_;
    summary_.interrupted = interrupted();
    return summary_;
  }

 private:
  struct Waiting {
    Job job;
    std::uint64_t bytes;
    int tries = 0;
  };
  struct Running {
    Waiting what;
    std::vector<int> cores;
    ChildProcess process;
  };

  void run_all() {
    while (!waiting_.empty() || !running_.empty()) {
      if ((interrupted() || (options_.fail_fast && failed_now_)) && !stopping_) stop();
      if (!stopping_) start_what_fits();
      collect_ended();
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      if (stopping_ && running_.empty()) break;
    }
  }

  void queue(const Job& job) {
    if (const std::string reason = against_threads(job); !reason.empty()) throw UsageError(reason);
    const std::uint64_t bytes = planned_memory(job, threads_of(job, threads_));
    if (bytes > memory_.left) throw UsageError(does_not_fit(job, bytes, memory_));
    waiting_.push_back({job, bytes});
  }

  void say_if_crowded(const std::vector<Job>& jobs) const {
    const auto cores = static_cast<int>(free_.front().size());
    const auto crowded =
        std::ranges::count_if(jobs, [&](const Job& job) { return job.config.training.threads > cores; });
    if (crowded == 0) return;
    say_(fmt::format(
        "{} of {} jobs have more threads (training.threads, $REVNET_THREADS) than the {} core{} of "
        "a job: fewer threads, or fewer --jobs, are faster",
        crowded, jobs.size(), cores, cores == 1 ? "" : "s"));
  }

  // Starts jobs in the order of the file, except that a small job may overtake one that does not fit yet.
  void start_what_fits() {
    for (auto next = waiting_.begin(); next != waiting_.end() && !free_.empty();) {
      if (next->bytes > memory_.left - used_) {
        ++next;
        continue;
      }
      const Waiting what = *next;
      next = waiting_.erase(next);
      start(what);
    }
  }

  void start(const Waiting& what) {
    const std::filesystem::path run = directory_of(paths_.directory, what.job),
                                logs = logs_folder(paths_.directory);
    const std::filesystem::path settings = settings_file(paths_.directory, what.job);
    const std::vector<int> cores = free_.back();
    free_.pop_back();
    Config config = what.job.config;
    config.training.threads = threads_of(what.job, threads_);
    replace_text_file(settings, to_yaml(config));
    Command command{.words = {paths_.program.string(), name(config.dataset.name), "--config",
                              settings.string(), "--run-dir", run.string()},
                    // Their values stand in the job's settings already, and would override them.
                    .environment = {{"REVNET_DATA", ""}, {"REVNET_THREADS", ""}},
                    .out = logs / (what.job.name + ".out"),
                    .err = logs / (what.job.name + ".err"),
                    .limits = {.cores = cores},
                    // Ctrl-C reaches only the sweep, which then asks its jobs to stop.
                    .own_group = true};
    const bool begun = std::filesystem::exists(RunFiles(run).config());
    if (begun) command.words.emplace_back("--resume");
    say_(what.job.name + (begun ? ": resumed" : ": started"));
    used_ += what.bytes;
    running_.push_back({what, cores, ChildProcess(command)});
  }

  void collect_ended() {
    for (auto job = running_.begin(); job != running_.end();) {
      const std::optional<ExitStatus> status = job->process.wait_for(std::chrono::milliseconds(0));
      if (!status) {
        ++job;
        continue;
      }
      const Running done = std::move(*job);
      job = running_.erase(job);
      used_ -= done.what.bytes;
      free_.push_back(done.cores);
      judge(done.what, *status);
    }
  }

  void judge(Waiting what, const ExitStatus& status) {
    const std::string& name = what.job.name;
    const JobState state = read_state(paths_.directory, what.job);
    // Trying again would end these in the same way.
    const bool diverged = status.code == static_cast<int>(ExitCode::diverged),
               damaged = status.code == static_cast<int>(ExitCode::damaged_image);
    if (status.code == static_cast<int>(ExitCode::done)) {
      ++summary_.complete;
      say_(name + ": complete" + describe_result(state));
    } else if (status.code == static_cast<int>(ExitCode::interrupted)) {
      ++stopped_;
      say_(name + ": interrupted, a checkpoint is saved");
    } else if (stopping_ && status.signal == SIGTERM) {  // before it could catch the signal
      ++stopped_;
      say_(name + ": stopped before it began");
    } else if (!diverged && !damaged && what.tries < options_.retries && !stopping_) {
      ++what.tries;
      say_(fmt::format("{}: failed, trying again: {}", name, reason(what, status)));
      waiting_.push_front(what);
    } else {
      ++summary_.failed;
      failed_now_ = true;
      say_(fmt::format("{}: {}: {}", name, diverged ? "diverged" : "failed", reason(what, status)));
    }
  }

  static std::string describe_result(const JobState& state) {
    if (!state.log || state.log->eval().empty()) return "";
    return fmt::format(", error {:.2f} %", state.log->eval().back().error_percent);
  }

  std::string reason(const Waiting& what, const ExitStatus& status) const {
    std::string last = last_words(paths_.directory, what.job);
    // A job's own settings say what to do, not the options of its command line.
    if (const std::size_t remedy = last.find(divergence_remedy); remedy != std::string::npos) {
      last.replace(remedy, std::string::npos,
                   fmt::format("remove {} to start it anew, with a smaller learning rate",
                               directory_of(paths_.directory, what.job).string()));
    }
    if (status.signal != 0) return status.text() + (last.empty() ? "" : "; last line: " + last);
    return last.empty() ? status.text() : last;
  }

  void stop() {
    stopping_ = true;
    if (running_.empty()) return;
    for (const Running& job : running_) job.process.send(SIGTERM);
    say_(fmt::format("stopping: {}", running_.size() == 1
                                         ? "1 job saves its checkpoint"
                                         : fmt::format("{} jobs save their checkpoints", running_.size())));
  }

  const SweepPaths& paths_;
  const LocalOptions& options_;
  const Say& say_;
  std::vector<std::vector<int>> free_;  // groups of cores
  // Of the smallest group. A job's threads, and so its bits, do not depend on the group that it runs on.
  int threads_;  // of a job whose settings leave them open
  MemoryLimit memory_;
  std::uint64_t used_ = 0;
  std::deque<Waiting> waiting_;
  std::vector<Running> running_;
  std::size_t stopped_ = 0;
  bool stopping_ = false;
  bool failed_now_ = false;  // a job, since this object was made
  SweepSummary summary_;
};

}  // namespace

MemoryLimit memory_for_jobs(const LocalOptions& options) {
  if (options.memory_bytes > 0) return {options.memory_bytes, "--memory"};
  return tightest_memory_limit(memory_limits());
}

std::vector<std::vector<int>> split_cores(const std::vector<int>& cores, std::size_t groups) {
  groups = std::clamp<std::size_t>(groups, 1, cores.size());
  std::vector<std::vector<int>> result(groups);
  for (std::size_t group = 0; group < groups; ++group) {
    const auto at = [&](std::size_t g) {
      return cores.begin() + static_cast<std::ptrdiff_t>(cores.size() * g / groups);
    };
    result[group].assign(at(group), at(group + 1));
  }
  return result;
}

std::string plan_locally(const std::vector<Job>& jobs, const SweepPaths& paths, const LocalOptions& options,
                         const Say& say) {
  Table table({"job", "state", "memory", "time", "iterations", "batch", "threads"});
  const auto groups = split_cores(usable_cores(), std::min(options.at_once, jobs.size()));
  const MemoryLimit memory = memory_for_jobs(options);
  const std::map<std::string, std::string> elsewhere = in_slurm(paths.directory, say);
  const double gflops = measure_sgemm_gflops(1);
  std::vector<double> times;
  for (const Job& job : jobs) {
    const int threads = threads_of(job, threads_on(groups));
    const JobState state = state_unless_changed(paths.directory, job);
    const std::uint64_t bytes = planned_memory(job, threads);
    const bool queued = elsewhere.contains(job.name);
    const double left = queued ? 0 : share_left(job, state);
    if (left > 0 && bytes > memory.left) say(does_not_fit(job, bytes, memory));
    if (const std::string reason = against_threads(job); left > 0 && !reason.empty()) say(reason);
    times.push_back(left * estimated_seconds(job, threads, gflops));
    table.add({job.name, queued ? "in Slurm" : std::string(name(state.status)), format_bytes(bytes),
               left > 0 ? format_duration(times.back()) : "-", fmt::format("{}", iterations_of(job, state)),
               fmt::format("{}", job.config.training.batch), fmt::format("{}", threads)});
  }
  return fmt::format(
      "{}{} job{} in {}, {} at a time, {} of memory; about {} in all; times are rough estimates\n",
      table.format(TableFormat::text), jobs.size(), jobs.size() == 1 ? "" : "s", paths.directory.string(),
      groups.size(), format_bytes(memory.left), format_duration(seconds_in_all(times, groups.size())));
}

SweepSummary run_locally(const std::vector<Job>& jobs, const SweepPaths& paths, const LocalOptions& options,
                         const Say& say) {
  return Runner(jobs, paths, options, say).run();
}

}  // namespace revnet
