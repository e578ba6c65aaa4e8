#include "sweep/sweep.h"

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
#include "data/cifar.h"
#include "data/synthetic.h"
#include "record/run_directory.h"
#include "study/machine.h"
#include "sweep/remaining_jobs.h"
#include "sweep/slurm_launcher.h"
#include "system/host.h"
#include "system/interrupt.h"
#include "system/lock_file.h"
#include "system/posix_file.h"
#include "system/process.h"
#include "train/divergence.h"
#include "train/load_data.h"
#include "train/memory_check.h"
#include "train/memory_plan.h"
#include "train/setup.h"

namespace revnet {
namespace {

std::int64_t evaluation_images(const Config& config) {
  constexpr std::int64_t imagenet = 50'000;
  if (has_photographs(config)) return imagenet;  // a guess for other sets
  if (config.dataset.validation) return validation_images;
  const bool drawn = config.dataset.name == Config::Dataset::Name::synthetic;
  return static_cast<std::int64_t>(drawn ? synthetic_test_size : cifar_test_size);
}

// The fraction of a job's iterations that run_sweep() would still compute, as far as its log says.
double share_left(const Job& job, const JobState& state) {
  if (state.status == JobStatus::complete || state.status == JobStatus::diverged) return 0;
  if (!state.log || state.log->train().empty()) return 1;
  const auto done = static_cast<double>(state.log->train().back().iteration);
  return std::max(0.0, 1 - done / static_cast<double>(iterations_of(job, state)));
}

// A step's speed as a fraction of sgemm's, measured with revnet-compare speed. Bottleneck networks are
// limited by memory bandwidth.
double share_of_sgemm(const Architecture& architecture) {
  return architecture.bottleneck ? 0.65 : 1.0;
}

// How many threads a job takes by default on one of these groups of cores.
int threads_on(const std::vector<std::vector<int>>& groups) {
  const int share = std::max(1, default_threads() / static_cast<int>(groups.size()));
  return std::min(share, static_cast<int>(groups.front().size()));
}

int threads_of(const Job& job, int by_default) {
  return job.config.training.threads > 0 ? job.config.training.threads : by_default;
}

// Throws UsageError if OpenMP may not start as many threads on this machine.
void require_threads(const Job& job) {
  try {
    resolve(job.config);
  } catch (const UsageError& error) {
    throw UsageError("{}: {}", job.name, error.what());
  }
}

std::string does_not_fit(const Job& job, std::uint64_t bytes, const MemoryLimit& limit) {
  return fmt::format(
      "{} needs {} of memory, but {} leaves {}: use a smaller training.batch, or activations reconstructed",
      job.name, format_bytes(bytes), limit.name, format_bytes(limit.left));
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
  Runner(const std::vector<Job>& jobs, const SweepOptions& options, const Say& say)
      : options_(options),
        say_(say),
        free_(split_cores(usable_cores(), std::min(options.at_once, jobs.size()))),
        threads_(threads_on(free_)),
        memory_(memory_for_jobs(options)) {
    const std::vector<Job> left =
        remaining_jobs(jobs, options_.directory, in_slurm(options_.directory, say), summary_, say);
    for (const Job& job : left) queue(job);
    say_if_crowded(left);
  }

  SweepSummary run() {
    make_folders(options_.directory / "logs");
    // Without the lock, two sweeps at once would start the same jobs.
    const LockFile lock(options_.directory / "logs/lock", options_.directory.string());
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
    require_threads(job);
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
    const std::filesystem::path run = directory_of(options_.directory, what.job),
                                logs = options_.directory / "logs";
    const std::filesystem::path settings = settings_file(options_.directory, what.job);
    const std::vector<int> cores = free_.back();
    free_.pop_back();
    Config config = what.job.config;
    config.training.threads = threads_of(what.job, threads_);
    replace_text_file(settings, to_yaml(config));
    Command command{.words = {options_.program.string(), name(config.dataset.name), "--config",
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
    const JobState state = read_state(options_.directory, what.job);
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
    std::string last = last_words(options_.directory, what.job);
    // A job's own settings say what to do, not the options of its command line.
    if (const std::size_t remedy = last.find(divergence_remedy); remedy != std::string::npos) {
      last.replace(remedy, std::string::npos,
                   fmt::format("remove {} to start it anew, with a smaller learning rate",
                               directory_of(options_.directory, what.job).string()));
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

  const SweepOptions& options_;
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

std::uint64_t planned_memory(const Job& job, int threads, std::int64_t ranks) {
  Config config = resolved(job);
  config.training.batch = (config.training.batch + ranks - 1) / ranks;
  config.training.threads = threads;
  const MemoryPlan plan = plan_memory(config);
  return plan.arena_bytes + bytes_beside_arena(config, plan, ranks) +
         dataset_bytes(config, images_at_a_time(config, config.training.batch)) + bytes_of_program;
}

MemoryLimit memory_for_jobs(const SweepOptions& options) {
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

double estimated_seconds(const Job& job, int threads, double sgemm_gflops) {
  const Config config = resolved(job);
  const Architecture built = architecture(config);
  Device device = Device::planning(threads);
  const Network network(device, built, network_options(config));
  const double passes = config.network.activations == Config::Network::Activations::stored ? 3 : 4;
  const std::int64_t iterations = config.training.iterations, every = config.evaluation.every;
  const std::int64_t evaluations = every > 0 ? (iterations + every - 1) / every : 1;  // always one at the end
  const std::int64_t all = evaluation_images(config),
                     some = config.evaluation.images > 0 ? std::min(config.evaluation.images, all) : all;
  const double networks = config.training.average_decay > 0 ? 2 : 1;  // the average is evaluated, too
  const double images = passes * static_cast<double>(config.training.batch * iterations) +
                        networks * static_cast<double>((evaluations - 1) * some + all);
  return 2e-9 * static_cast<double>(network.macs_per_image()) * images /
         (sgemm_gflops * threads * share_of_sgemm(built));
}

double seconds_in_all(const std::vector<double>& jobs, std::size_t places) {
  std::vector<double> busy_until(std::max<std::size_t>(places, 1));
  for (const double seconds : jobs) *std::ranges::min_element(busy_until) += seconds;
  return std::ranges::max(busy_until);
}

std::string plan_text(const std::vector<Job>& jobs, const SweepOptions& options, const Say& say) {
  Table table({"job", "state", "memory", "time", "iterations", "batch", "threads"});
  const auto groups = split_cores(usable_cores(), std::min(options.at_once, jobs.size()));
  const MemoryLimit memory = memory_for_jobs(options);
  const std::map<std::string, std::string> elsewhere = in_slurm(options.directory, say);
  const double gflops = measure_sgemm_gflops(1);
  std::vector<double> times;
  for (const Job& job : jobs) {
    const int threads = threads_of(job, threads_on(groups));
    const JobState state = state_unless_changed(options.directory, job);
    const std::uint64_t bytes = planned_memory(job, threads);
    const bool queued = elsewhere.contains(job.name);
    const double left = queued ? 0 : share_left(job, state);
    if (left > 0 && bytes > memory.left) say(does_not_fit(job, bytes, memory));
    times.push_back(left * estimated_seconds(job, threads, gflops));
    table.add({job.name, queued ? "in Slurm" : std::string(name(state.status)), format_bytes(bytes),
               left > 0 ? format_duration(times.back()) : "-", fmt::format("{}", iterations_of(job, state)),
               fmt::format("{}", job.config.training.batch), fmt::format("{}", threads)});
  }
  return fmt::format(
      "{}{} job{} in {}, {} at a time, {} of memory; about {} in all; times are rough estimates\n",
      table.format(TableFormat::text), jobs.size(), jobs.size() == 1 ? "" : "s", options.directory.string(),
      groups.size(), format_bytes(memory.left), format_duration(seconds_in_all(times, groups.size())));
}

SweepSummary run_sweep(const std::vector<Job>& jobs, const SweepOptions& options, const Say& say) {
  return Runner(jobs, options, say).run();
}

}  // namespace revnet
