#include "sweep/slurm_launcher.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"
#include "sweep/estimate.h"
#include "sweep/remaining_jobs.h"
#include "sweep/slurm.h"
#include "system/interrupt.h"
#include "system/lock_file.h"
#include "system/posix_file.h"
#include "system/process.h"
#include "train/recipe.h"
#include "train/setup.h"

namespace revnet {
namespace {

namespace fs = std::filesystem;

fs::path slurm_folder(const fs::path& sweep) {
  return sweep / "slurm";
}

fs::path task_file(const fs::path& sweep) {
  return slurm_folder(sweep) / "jobs";
}

// Every task ever submitted, latest last.
std::vector<SlurmTask> submitted_tasks(const fs::path& sweep) {
  std::ifstream file(task_file(sweep));
  if (!file) return {};
  return parse_tasks(std::string(std::istreambuf_iterator<char>(file), {}), task_file(sweep).string());
}

void add_tasks(const fs::path& sweep, std::int64_t array_job, const SlurmArray& array) {
  std::ofstream file(task_file(sweep), std::ios::app);
  for (std::size_t i = 0; i < array.elements.size(); ++i) {
    file << format_task({array_job, static_cast<std::int64_t>(i), array.elements[i].job});
  }
  if (!file.flush()) {
    throw Error("cannot write {0}, but array job {1} is submitted: cancel it with scancel {1}",
                task_file(sweep).string(), array_job);
  }
}

void require_slurm() {
  if (!has_program("sbatch")) {
    throw Error(
        "Slurm's commands (sbatch, squeue, scancel) are not found in $PATH: run this where the cluster's "
        "users submit their jobs, or use --launcher local");
  }
}

// The user's tasks that have not ended, of any sweep.
std::vector<QueueEntry> queue() {
  // These variables filter what squeue lists.
  const Environment whole{{"SQUEUE_ACCOUNT", ""},   {"SQUEUE_LICENSES", ""}, {"SQUEUE_NAMES", ""},
                          {"SQUEUE_PARTITION", ""}, {"SQUEUE_QOS", ""},      {"SQUEUE_STATES", ""}};
  return parse_queue(output_of({"squeue", "--noheader", "--array", fmt::format("--user={}", ::getuid()),
                                fmt::format("--format={}", queue_format)},
                               whole));
}

// The sweep's tasks that have not ended, by job. Names are compared as well, because a new Slurm installation
// counts its jobs from 1 again.
std::map<std::string, QueueEntry> queued_jobs(const fs::path& sweep) {
  std::map<std::string, QueueEntry> result;
  const std::vector<SlurmTask> tasks = submitted_tasks(sweep);
  if (tasks.empty()) return result;
  for (const QueueEntry& entry : queue()) {
    const auto task = std::find_if(tasks.rbegin(), tasks.rend(), [&](const SlurmTask& t) {
      return t.array_job == entry.array_job && t.index == entry.index;
    });
    if (task != tasks.rend() && entry.name == slurm_job_name(sweep)) result[task->job] = entry;
  }
  return result;
}

// By job, the accounting entry of its latest task; nothing if no accounting runs. Names are compared for the
// same reason.
std::map<std::string, AccountingEntry> accounts(const fs::path& sweep, const std::vector<SlurmTask>& tasks) {
  std::map<std::string, AccountingEntry> result;
  if (tasks.empty() || !has_program("sacct")) return result;
  std::set<std::int64_t> ids;
  for (const SlurmTask& task : tasks) ids.insert(task.array_job);
  const ProcessResult answer = run_command({"sacct", "--noheader", "--parsable2", "--allocations",
                                            fmt::format("--jobs={}", fmt::join(ids, ",")),
                                            fmt::format("--format={}", accounting_format)});
  if (answer.status.code != 0) return result;  // "accounting storage is disabled"
  const std::vector<AccountingEntry> entries = parse_accounting(answer.out);
  for (const SlurmTask& task : tasks) {
    result.erase(task.job);  // drops the entry of an earlier submission
    for (const AccountingEntry& entry : entries) {
      const bool same = entry.array_job == task.array_job && entry.index == task.index;
      if (same && entry.name == slurm_job_name(sweep)) result[task.job] = entry;
    }
  }
  return result;
}

// "ended with exit code 1 at try 2", from the batch script's note on the latest submission; "" if there is
// none.
std::string last_exit(const fs::path& sweep, const SlurmTask& task) {
  std::istringstream line(last_line_of(slurm_folder(sweep) / (task.job + ".exits")));
  std::int64_t array_job = 0, index = 0;
  int tries = 0, code = 0;
  const bool known = static_cast<bool>(line >> array_job >> index >> tries >> code);
  if (!known || array_job != task.array_job || index != task.index) return "";
  return fmt::format("ended with exit code {} at try {}", code, tries);
}

void check_tasks(const Job& job, int tasks) {
  try {
    check_shards(resolved(job).training, tasks);
  } catch (const UsageError& error) {
    throw UsageError("{}: {}", job.name, error.what());
  }
}

// The variable of sbatch that would replace the option of this line: SBATCH_CONSTRAINT for
// "#SBATCH --constraint=avx512". Empty if the line holds no long option.
std::string sbatch_variable(const std::string& line) {
  constexpr std::string_view start = "#SBATCH --";
  if (!line.starts_with(start)) return "";
  std::string name = "SBATCH_";
  for (const char c : line.substr(start.size(), line.find_first_of("= ", start.size()) - start.size())) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

class Submission {
 public:
  // Jobs need not start in this process's working directory.
  Submission(const SweepPaths& paths, const SlurmSettings& settings)
      : paths_{fs::absolute(paths.directory).lexically_normal(), fs::absolute(paths.program)},
        settings_(settings) {}

  std::string plan(const std::vector<Job>& jobs, const Say& say) const {
    SweepSummary summary;
    std::string text;
    for (const SlurmArray& array : arrays(left_over(jobs, summary, say), say)) text += batch_script(array);
    return text;
  }

  SweepSummary submit(const std::vector<Job>& jobs, const Say& say) const {
    require_slurm();
    make_folders(logs_folder(paths_.directory));
    make_folders(slurm_folder(paths_.directory));
    // Without the lock, two submissions at once would both find a job that is not in Slurm yet.
    const LockFile lock(slurm_folder(paths_.directory) / "lock", paths_.directory.string());
    SweepSummary summary;
    const std::vector<Job> left = left_over(jobs, summary, say);
    const std::vector<SlurmArray> all = arrays(left, say);
    for (const Job& job : left) write_settings(job, all.front().settings.cpus_per_task);
    for (const SlurmArray& array : all) {
      if (interrupted()) {
        summary.interrupted = true;
        summary.unfinished += array.elements.size();
      } else {
        submit_array(array, say);
      }
    }
    return summary;
  }

 private:
  std::vector<Job> left_over(const std::vector<Job>& jobs, SweepSummary& summary, const Say& say) const {
    return remaining_jobs(jobs, paths_.directory, jobs_in_slurm(paths_.directory), summary, say);
  }

  // Splits the jobs into arrays of permitted size. Every array requests what the most demanding job needs.
  std::vector<SlurmArray> arrays(const std::vector<Job>& jobs, const Say& say) const {
    std::vector<SlurmArray> result;
    if (jobs.empty()) return result;
    const std::size_t chunk = array_limit(say);
    const SlurmSettings chosen = chosen_settings(jobs, say);
    for (const Job& job : jobs) {
      if (result.empty() || result.back().elements.size() == chunk) {
        result.push_back({paths_.directory, paths_.program, chosen, {}});
      }
      result.back().elements.push_back({job.name, name(job.config.dataset.name)});
    }
    return result;
  }

  std::size_t array_limit(const Say& say) const {
    constexpr std::int64_t slurms_default = 1001;
    std::optional<std::int64_t> limit;
    if (has_program("scontrol")) limit = parse_array_limit(run_command({"scontrol", "show", "config"}).out);
    if (!limit) {
      say(fmt::format(
          "scontrol does not report this cluster's MaxArraySize: assuming arrays of at most {} jobs, "
          "which is Slurm's default",
          slurms_default));
    }
    if (limit == 0) throw Error("this cluster allows no array jobs (MaxArraySize is 0)");
    const std::int64_t own =
        settings_.array_limit > 0 ? settings_.array_limit : limit.value_or(slurms_default);
    return static_cast<std::size_t>(std::min(own, limit.value_or(slurms_default)));
  }

  static int threads_of(const Job& job, std::int64_t cpus_per_task) {
    return job.config.training.threads > 0 ? job.config.training.threads : static_cast<int>(cpus_per_task);
  }

  SlurmSettings chosen_settings(const std::vector<Job>& jobs, const Say& say) const {
    SlurmSettings chosen = settings_;
    const auto most_threads = [](const Job& a, const Job& b) {
      return a.config.training.threads < b.config.training.threads;
    };
    const Job& widest = *std::max_element(jobs.begin(), jobs.end(), most_threads);
    if (chosen.cpus_per_task == 0 && widest.config.training.threads == 0) {
      say("each task gets one core, because neither sweep.slurm.cpus_per_task nor training.threads is given");
    }
    if (chosen.cpus_per_task == 0) chosen.cpus_per_task = std::max(1, widest.config.training.threads);
    if (widest.config.training.threads > chosen.cpus_per_task) {
      throw UsageError("{} has {} threads (training.threads), more than sweep.slurm.cpus_per_task, {}",
                       widest.name, widest.config.training.threads, chosen.cpus_per_task);
    }
    for (const Job& job : jobs) check_tasks(job, static_cast<int>(chosen.tasks));
    // Slurm's own default would start tasks that know nothing of each other.
    if (chosen.mpi.empty() && chosen.tasks > 1) chosen.mpi = "pmix";
    if (chosen.memory_bytes == 0) {
      for (const Job& job : jobs) {
        const int threads = threads_of(job, chosen.cpus_per_task);
        chosen.memory_bytes = std::max(chosen.memory_bytes, static_cast<std::uint64_t>(tasks_a_node(chosen)) *
                                                                planned_memory(job, threads, chosen.tasks));
      }
    }
    return chosen;
  }

  void write_settings(const Job& job, std::int64_t cpus_per_task) const {
    Config config = job.config;
    config.training.threads = threads_of(job, cpus_per_task);
    config.dataset.directory = fs::absolute(config.dataset.directory).string();
    replace_text_file(settings_file(paths_.directory, job), to_yaml(config));
  }

  // Variables of sbatch come before the options in a script. Where the experiment file leaves something open,
  // they are the user's choice.
  Environment environment_of_submission() const {
    Environment changes;
    for (const char* of_script : {"SBATCH_ARRAY_INX", "SBATCH_OUTPUT", "SBATCH_ERROR", "SBATCH_OPEN_MODE",
                                  "SBATCH_REQUEUE", "SBATCH_NO_REQUEUE", "SBATCH_SIGNAL", "SBATCH_WAIT",
                                  "SBATCH_MEM_PER_NODE", "SBATCH_MEM_PER_CPU", "SBATCH_MEM_PER_GPU"}) {
      changes[of_script] = "";
    }
    if (!settings_.partition.empty()) changes["SBATCH_PARTITION"] = "";
    if (!settings_.account.empty()) changes["SBATCH_ACCOUNT"] = "";
    if (!settings_.time.empty()) changes["SBATCH_TIMELIMIT"] = "";
    for (const std::string& line : settings_.extra_lines) {
      if (const std::string name = sbatch_variable(line); !name.empty()) changes[name] = "";
    }
    // A script that is submitted within a job inherits that job's variables, and these contradict its own.
    for (const char* of_job : {"SLURM_RESTART_COUNT", "SLURM_MEM_PER_CPU", "SLURM_MEM_PER_GPU",
                               "SLURM_CPU_BIND", "SLURM_NTASKS_PER_NODE"}) {
      changes[of_job] = "";
    }
    return changes;
  }

  void submit_array(const SlurmArray& array, const Say& say) const {
    const fs::path folder = slurm_folder(paths_.directory);
    const auto numbered = [&](int number) { return folder / fmt::format("{}.sh", number); };
    int number = 1;
    while (fs::exists(numbered(number))) ++number;
    const fs::path script = numbered(number);
    replace_text_file(script, batch_script(array));
    // --job-name, by which the queue is searched, must not come from the environment or from extra_lines.
    const std::string job_name = "--job-name=" + slurm_job_name(paths_.directory);
    // Ctrl-C must not end sbatch when it has submitted the array and not said so yet.
    const Command sbatch{.words = {"sbatch", "--parsable", job_name, script.string()},
                         .environment = environment_of_submission(),
                         .own_group = true};
    const std::int64_t id = parse_submission(output_of(sbatch));
    add_tasks(paths_.directory, id, array);
    say(fmt::format("array job {}: {} jobs, {}", id, array.elements.size(), script.string()));
  }

  SweepPaths paths_;
  SlurmSettings settings_;
};

}  // namespace

std::string plan_in_slurm(const std::vector<Job>& jobs, const SweepPaths& paths,
                          const SlurmSettings& settings, const Say& say) {
  return Submission(paths, settings).plan(jobs, say);
}

SweepSummary submit_to_slurm(const std::vector<Job>& jobs, const SweepPaths& paths,
                             const SlurmSettings& settings, const Say& say) {
  return Submission(paths, settings).submit(jobs, say);
}

std::optional<SchedulerStates> slurm_states(const fs::path& sweep, const Say& say) {
  const std::vector<SlurmTask> tasks = submitted_tasks(sweep);
  if (tasks.empty()) return std::nullopt;
  std::map<std::string, QueueEntry> queued;
  try {
    queued = queued_jobs(sweep);
  } catch (const Error& error) {
    say(std::string(error.what()) + "; showing only what the run logs say");
    return std::nullopt;
  }
  SchedulerStates states;
  for (const SlurmTask& task : tasks) states[task.job] = {last_exit(sweep, task), false};
  for (const auto& [job, entry] : accounts(sweep, tasks)) states[job].text = describe(entry);
  for (const auto& [job, entry] : queued) states[job] = {describe(entry), entry.state == "RUNNING"};
  return states;
}

std::map<std::string, std::string> jobs_in_slurm(const fs::path& sweep) {
  std::map<std::string, std::string> result;
  for (const auto& [job, entry] : queued_jobs(sweep)) result[job] = describe(entry);
  return result;
}

std::size_t cancel_in_slurm(const fs::path& sweep) {
  if (submitted_tasks(sweep).empty()) return 0;
  require_slurm();
  const std::map<std::string, QueueEntry> queued = queued_jobs(sweep);
  std::set<std::int64_t> arrays;
  for (const auto& [job, entry] : queued) arrays.insert(entry.array_job);
  std::vector<std::string> words{"scancel"};
  for (const std::int64_t array : arrays) words.push_back(fmt::to_string(array));
  if (!arrays.empty()) output_of(words);
  return queued.size();
}

}  // namespace revnet
