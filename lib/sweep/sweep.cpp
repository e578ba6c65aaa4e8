#include "sweep/sweep.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <fstream>
#include <limits>
#include <memory>
#include <thread>

#include "base/error.h"
#include "base/text.h"
#include "record/run_directory.h"
#include "study/machine.h"
#include "sweep/job_process.h"
#include "train/interrupt.h"
#include "train/memory_check.h"
#include "train/memory_plan.h"
#include "train/setup.h"

namespace revnet {
namespace {

// Beside its data set and what a training takes, a process has code and libraries.
constexpr std::uint64_t process_bytes = 100'000'000;

std::uint64_t dataset_bytes(const Config& config) {
  constexpr std::uint64_t image = 3 * 32 * 32, cifar_images = 60'000, synthetic_images = 12'000;
  return image * (config.dataset.name == Config::Dataset::Name::synthetic ? synthetic_images : cifar_images);
}

// What a step reaches of sgemm's speed, measured with revnet-compare speed: bottleneck networks are bound by
// memory.
double share_of_sgemm(const Architecture& architecture) {
  return architecture.bottleneck ? 0.65 : 1.0;
}

int threads_of(const Job& job, std::size_t processors) {
  return job.config.training.threads > 0 ? job.config.training.threads : static_cast<int>(processors);
}

// Jobs under way, and what is left to do.
class Runner {
 public:
  Runner(const std::vector<Job>& jobs, const SweepOptions& options,
         const std::function<void(const std::string&)>& say)
      : options_(options),
        say_(say),
        free_(split_processors(usable_processors(), std::min(options.jobs, jobs.size()))),
        memory_(options.memory_bytes > 0 ? options.memory_bytes : available_memory()) {
    for (const Job& job : jobs) queue(job);
  }

  SweepSummary run() {
    std::filesystem::create_directories(options_.directory / "logs");
    while (!waiting_.empty() || !running_.empty()) {
      if ((interrupted() || (options_.fail_fast && summary_.failed > 0)) && !stopping_) stop();
      if (!stopping_) start_what_fits();
      collect_ended();
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      if (stopping_ && running_.empty()) break;
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
    std::vector<int> processors;
    JobProcess process;
  };

  void queue(const Job& job) {
    const std::filesystem::path run = directory_of(options_.directory, job);
    check_unchanged(options_.directory, job);
    const JobStatus status = read_state(run).status;
    if (status == JobStatus::complete) {
      ++summary_.complete;
      say_(job.name + ": complete already");
      return;
    }
    if (status == JobStatus::running) {
      throw UsageError(run.string() + " is in use by another process: wait for it, or stop it");
    }
    const std::uint64_t bytes = planned_memory(job, threads_of(job, free_.front().size()));
    if (bytes > memory_) {
      throw UsageError(job.name + " needs " + format_bytes(bytes) + ", more than the " +
                       format_bytes(memory_) +
                       " there are: use a smaller training.batch, or activations reconstructed");
    }
    waiting_.push_back({job, bytes});
  }

  // In the order of the file, but a small job may overtake one that does not fit yet.
  void start_what_fits() {
    for (auto next = waiting_.begin(); next != waiting_.end() && !free_.empty();) {
      if (next->bytes > memory_ - used_) {
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
    const std::filesystem::path settings = logs / (what.job.name + ".yaml");
    std::vector<int> processors = free_.back();
    free_.pop_back();
    Config config = what.job.config;
    config.training.threads = threads_of(what.job, processors.size());
    write_text_file_atomically(settings, to_yaml(config));
    std::vector<std::string> arguments{name(config.dataset.name), "--config", settings.string(), "--run-dir",
                                       run.string()};
    const bool begun = std::filesystem::exists(RunFiles(run).config());
    if (begun) arguments.emplace_back("--resume");
    say_(what.job.name + (begun ? ": going on" : ": started"));
    used_ += what.bytes;
    running_.push_back({what, processors,
                        JobProcess(options_.program, arguments, processors, logs / (what.job.name + ".out"),
                                   logs / (what.job.name + ".err"))});
  }

  void collect_ended() {
    for (auto job = running_.begin(); job != running_.end();) {
      if (!job->process.ended()) {
        ++job;
        continue;
      }
      Running done = std::move(*job);
      job = running_.erase(job);
      used_ -= done.what.bytes;
      free_.push_back(done.processors);
      judge(done.what, done.process.exit_code());
    }
  }

  void judge(Waiting what, int exit_code) {
    const std::string& name = what.job.name;
    const JobState state = read_state(directory_of(options_.directory, what.job));
    if (exit_code == static_cast<int>(ExitCode::done)) {
      ++summary_.complete;
      say_(name + ": complete" + describe_result(state));
    } else if (exit_code == static_cast<int>(ExitCode::interrupted)) {
      ++stopped_;
      say_(name + ": interrupted, a checkpoint is saved");
    } else if (exit_code != static_cast<int>(ExitCode::diverged) && what.tries < options_.retries &&
               !stopping_) {
      ++what.tries;
      say_(name + ": failed, trying again: " + reason(what, exit_code));
      waiting_.push_front(what);
    } else {
      ++summary_.failed;
      say_(name + (exit_code == static_cast<int>(ExitCode::diverged) ? ": diverged: " : ": failed: ") +
           reason(what, exit_code));
    }
  }

  static std::string describe_result(const JobState& state) {
    if (!state.log || state.log->eval().empty()) return "";
    return ", error " + format_fixed(state.log->eval().back().error_percent, 2) + " %";
  }

  // The last line it printed.
  std::string reason(const Waiting& what, int exit_code) const {
    const std::string last = last_line_of(options_.directory / "logs" / (what.job.name + ".err"));
    if (exit_code < 0) return "killed by a signal" + (last.empty() ? "" : "; last line: " + last);
    return last.empty() ? "exit code " + std::to_string(exit_code) : last;
  }

  void stop() {
    stopping_ = true;
    say_("stopping: " + std::to_string(running_.size()) + " jobs save their checkpoints");
    for (const Running& job : running_) job.process.interrupt();
  }

  const SweepOptions& options_;
  const std::function<void(const std::string&)>& say_;
  std::vector<std::vector<int>> free_;  // groups of processors
  std::uint64_t memory_, used_ = 0;
  std::deque<Waiting> waiting_;
  std::vector<Running> running_;
  std::size_t stopped_ = 0;
  bool stopping_ = false;
  SweepSummary summary_;
};

}  // namespace

std::uint64_t planned_memory(const Job& job, int threads) {
  const Config config = resolve(job.config);
  const MemoryPlan plan =
      plan_memory(find_architecture(config.network.architecture), network_options(config), threads);
  return plan.arena_bytes + bytes_beside_arena(plan, threads) + dataset_bytes(config) + process_bytes;
}

double estimated_seconds(const Job& job, int threads, double sgemm_gflops) {
  const Config config = resolve(job.config);
  const Architecture& architecture = find_architecture(config.network.architecture);
  Device device = Device::planning(threads);
  const Network network(device, architecture, network_options(config));
  const double passes = config.network.activations == Config::Network::Activations::stored ? 3 : 4;
  const auto images = static_cast<double>(config.training.batch * config.training.iterations);
  return 2e-9 * passes * static_cast<double>(network.macs_per_image()) * images /
         (sgemm_gflops * threads * share_of_sgemm(architecture));
}

Table plan_table(const std::vector<Job>& jobs, const SweepOptions& options) {
  Table table({"job", "state", "memory", "time", "iterations", "batch", "threads"});
  const std::size_t processors =
      split_processors(usable_processors(), std::min(options.jobs, jobs.size())).front().size();
  const double gflops = measure_sgemm_gflops(1);
  for (const Job& job : jobs) {
    check_unchanged(options.directory, job);
    const int threads = threads_of(job, processors);
    table.add({job.name, std::string(name(read_state(directory_of(options.directory, job)).status)),
               format_bytes(planned_memory(job, threads)),
               format_duration(estimated_seconds(job, threads, gflops)),
               std::to_string(job.config.training.iterations), std::to_string(job.config.training.batch),
               std::to_string(threads)});
  }
  return table;
}

SweepSummary run_sweep(const std::vector<Job>& jobs, const SweepOptions& options,
                       const std::function<void(const std::string&)>& say) {
  return Runner(jobs, options, say).run();
}

std::uint64_t available_memory() {
  std::ifstream file("/proc/meminfo");
  std::string key, unit;
  for (std::uint64_t value = 0; file >> key >> value; std::getline(file, unit)) {
    if (key == "MemAvailable:") return value * 1024;
  }
  return std::numeric_limits<std::uint64_t>::max();
}

}  // namespace revnet
