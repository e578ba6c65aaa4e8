// revnet-sweep: runs the jobs of an experiment file.
#include <chrono>
#include <cstdio>
#include <iostream>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "command_line.h"
#include "setting_options.h"
#include "settings/sweep_file.h"
#include "sweep/local_launcher.h"
#include "sweep/results.h"
#include "sweep/slurm_launcher.h"
#include "system/host.h"
#include "system/interrupt.h"
#include "system/posix_file.h"

namespace {

using namespace revnet;

constexpr const char* examples = R"(Examples:
  revnet-sweep run experiments/batch-sweep.yaml --dry-run
      lists the jobs, their memory and a rough estimate of their time
  revnet-sweep run experiments/batch-sweep.yaml --jobs 2
      runs two at a time, each on half of the cores; repeat to resume after an interruption
  revnet-sweep run experiments/batch-sweep.yaml --launcher slurm
      submits a Slurm array job with the resources of the file's section sweep.slurm; with
      --dry-run, prints the batch script
  revnet-sweep status experiments/batch-sweep.yaml --watch 2
      shows the progress of all jobs every two seconds
  revnet-sweep cancel experiments/batch-sweep.yaml
      cancels the jobs in Slurm; running ones save a checkpoint
  revnet-sweep collect experiments/batch-sweep.yaml
      writes all results, and means over seeds, as CSV and HDF5

Exit codes: 0 done, 1 a job failed or was left out, 2 usage, 3 interrupted with checkpoints saved.)";

constexpr Variable job_threads{
    "REVNET_THREADS",
    "the threads of each job, instead of the file's, unless the sweep varies training.threads"};

struct SweepRequest {
  // Read once, when it is needed, because the file may be a pipe.
  const SweepFile& sweep() const {
    if (!sweep_) sweep_ = read_sweep_file(file);
    return *sweep_;
  }

  std::string file, directory, memory, launcher = "local";
  std::optional<SettingOptions> settings;  // for the subcommands that read the jobs
  LocalOptions local;
  // The given options that apply only to the local launcher.
  std::vector<std::string> local_only;
  bool dry_run = false;
  double watch = 0;
  std::string command;

 private:
  mutable std::optional<SweepFile> sweep_;
};

std::filesystem::path program_beside_this() {
  std::filesystem::path program = program_path().parent_path() / "revnet-train";
  if (!std::filesystem::exists(program))
    throw Error("revnet-train is not in the folder of revnet-sweep: there is no " + program.string());
  return program;
}

// Returns the jobs of the file, with the data directory of the environment or the command line.
std::vector<Job> jobs_of(const SweepRequest& request) {
  SweepFile sweep = request.sweep();
  sweep.base = request.settings->apply_to(std::move(sweep.base));
  std::vector<Job> jobs = expand(sweep);
  for (const Job& job : jobs) check_possible(job);
  return jobs;
}

// Returns runs/NAME, with the name in the file or else the file's own.
std::filesystem::path directory_of(const SweepRequest& request) {
  if (!request.directory.empty()) return request.directory;
  const std::string& name = request.sweep().base.name;
  const std::filesystem::path folder =
      std::filesystem::path(name.empty() ? std::filesystem::path(request.file).stem().string() : name)
          .lexically_normal();
  if (folder.is_absolute() || *folder.begin() == ".." || folder == ".") {
    throw UsageError(
        fmt::format("{}: a sweep called {} would lie outside of runs/: give it another name, or choose its "
                    "folder with --sweep-dir",
                    request.file, in_quotes(name)));
  }
  return std::filesystem::path("runs") / folder;
}

void say(const std::string& line) {
  std::cerr << line << '\n';
}

int run(const SweepRequest& request) {
  const std::vector<Job> jobs = jobs_of(request);
  const SweepPaths paths{directory_of(request), program_beside_this()};
  const SlurmSettings& slurm = request.sweep().slurm;
  LocalOptions local = request.local;
  if (!request.memory.empty()) local.memory_bytes = parse_bytes(request.memory, "--memory");
  const bool in_slurm = request.launcher == "slurm";
  if (in_slurm && !request.local_only.empty()) {
    throw UsageError(request.local_only.front() +
                     " is for --launcher local; in Slurm the file's section sweep.slurm decides");
  }
  if (request.dry_run) {
    std::cout << (in_slurm ? plan_in_slurm(jobs, paths, slurm, say) : plan_locally(jobs, paths, local, say));
    return static_cast<int>(ExitCode::done);
  }
  catch_interrupts(!in_slurm);
  const SweepSummary summary =
      in_slurm ? submit_to_slurm(jobs, paths, slurm, say) : run_locally(jobs, paths, local, say);
  std::cout
      << status_table(jobs, paths.directory, slurm_states(paths.directory, say)).format(TableFormat::text)
      << std::flush;
  if (summary.interrupted && summary.unfinished > 0) return static_cast<int>(ExitCode::interrupted);
  return static_cast<int>(summary.failed + summary.unfinished > 0 ? ExitCode::failed : ExitCode::done);
}

// Prints the first of the messages, and how many there are.
void say_first(const std::vector<std::string>& messages, const char* what) {
  if (messages.size() > 1) say(fmt::format("{} jobs {}, the first of them:", messages.size(), what));
  if (!messages.empty()) say(messages.front());
}

// Prints which job `run` would refuse because it has changed, and which has failed.
void say_troubles(const std::vector<Job>& jobs, const std::filesystem::path& directory) {
  std::vector<std::string> changes, failures;
  for (const Job& job : jobs) {
    const JobState state = read_state(directory, job);
    if (const std::string change = change_of(directory, job, state); !change.empty()) {
      changes.push_back(change);
    } else if (!state.failure.empty()) {
      failures.push_back(fmt::format("{}: {}: {}", job.name, name(state.status), state.failure));
    }
  }
  say_first(changes, "have changed");
  say_first(failures, "have failed or are damaged");
}

int show_status(const SweepRequest& request) {
  const std::vector<Job> jobs = jobs_of(request);
  catch_interrupts(false);
  do {
    const std::filesystem::path directory = directory_of(request);
    const std::string table =
        status_table(jobs, directory, slurm_states(directory, say)).format(TableFormat::text);
    if (request.watch > 0 && isatty(STDOUT_FILENO) == 1) std::cout << "\x1b[H\x1b[2J";
    std::cout << table << std::flush;
    say_troubles(jobs, directory);
    for (double waited = 0; waited < request.watch && !interrupted(); waited += 0.1) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  } while (request.watch > 0 && std::cout && !interrupted());  // std::cout fails once its reader has gone
  return static_cast<int>(ExitCode::done);
}

int collect(const SweepRequest& request) {
  const std::filesystem::path directory = directory_of(request);
  const SweepResults results = read_results(jobs_of(request), directory);
  for (const auto* messages : {&results.at_fault, &results.without_rows}) {
    for (const std::string& why : *messages) say("left out: " + why);
  }
  if (results.jobs.empty() && !(results.at_fault.empty() && results.without_rows.empty())) {
    throw UsageError("no job of {} can be collected; the lines above say why", directory.string());
  }
  if (results.jobs.empty()) {
    throw UsageError("no job of {} has results yet: start revnet-sweep run", directory.string());
  }
  const Grouping groups = group_runs(results.runs, separating_keys(results.keys));
  const std::string csv = results_table(results).format(TableFormat::csv);
  const std::filesystem::path runs = directory / "results.csv", means = directory / "groups.csv",
                              file = directory / "results.h5";
  replace_text_file(runs, csv);
  replace_text_file(means, group_data(groups, usual_metrics(results.runs)).format(TableFormat::csv));
  write_results(file, results, groups, request.command);
  std::cout << csv << std::flush;
  for (const std::string& note : groups.notes) say(note);
  say(fmt::format("written to {}, {} (means over seeds) and {}; {}", runs.string(), means.string(),
                  file.string(), how_to_draw("sweep", file)));
  const bool left_out = !results.at_fault.empty() || !results.without_rows.empty();
  return static_cast<int>(left_out ? ExitCode::failed : ExitCode::done);
}

int cancel(const SweepRequest& request) {
  const std::filesystem::path directory = directory_of(request);
  const std::size_t count = cancel_in_slurm(directory);
  std::cout << count << " jobs of " << directory.string() << " cancelled\n";
  return static_cast<int>(ExitCode::done);
}

// Declares the options of `run`.
void add_run_options(CLI::App& runs, SweepRequest& request) {
  runs.add_option("--launcher", request.launcher,
                  "local: processes on this machine; slurm: an array job (section sweep.slurm)")
      ->type_name("WHERE")
      ->check(CLI::IsMember({"local", "slurm"}))
      ->capture_default_str();
  runs.add_option("--jobs", request.local.at_once, "concurrent jobs, each on its share of the cores")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, std::size_t{4096}))
      ->capture_default_str();
  runs.add_option("--retry", request.local.retries, "how often a failed job is retried")
      ->type_name("N")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  runs.add_flag("--fail-fast", request.local.fail_fast, "stop all jobs as soon as one fails");
  runs.add_option("--memory", request.memory,
                  "memory for all jobs together, such as 16GiB; default: all that is available")
      ->type_name("BYTES");
}

int run_program(int argc, char** argv) {
  CLI::App app("Runs the grid of an experiment file: batch sweeps, seeds, networks.", "revnet-sweep");
  app.footer(examples + environment_help({data_variable, job_threads, waiting_variable, openmp_variable}));
  app.require_subcommand(1);
  SweepRequest request;
  request.command = command_line(argc, argv);
  int exit_code = 0;
  const auto subcommand = [&](const char* name, const char* help, const std::function<int()>& body) {
    CLI::App* added = app.add_subcommand(name, help);
    added->add_option("file", request.file, "experiment file")->required()->type_name("FILE.yaml");
    added->add_option("--sweep-dir", request.directory, "directory of the runs")
        ->type_name("DIR")
        ->default_str("runs/NAME");
    added->callback(
        [&exit_code, name, body] { exit_code = guarded(std::string("revnet-sweep ") + name, body); });
    return added;
  };
  CLI::App* runs = subcommand("run", "runs all jobs that are not complete", [&] {
    for (const char* option : {"--jobs", "--retry", "--fail-fast", "--memory"}) {
      if (app.get_subcommand("run")->count(option) > 0) request.local_only.emplace_back(option);
    }
    return run(request);
  });
  add_run_options(*runs, request);
  // Photographs count their classes in this folder, so that every subcommand that reads the jobs needs it.
  const std::vector<std::string> place{"dataset.directory"};
  request.settings.emplace(*runs, place);
  runs->add_flag("--dry-run", request.dry_run,
                 "print the jobs' memory and time, or the batch script; start nothing");
  CLI::App* status =
      subcommand("status", "shows the progress of all jobs", [&] { return show_status(request); });
  status->add_option("--watch", request.watch, "repeat every so many seconds, until Ctrl-C")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 86400.0));
  request.settings->also_take(*status, place);
  subcommand("cancel", "cancels the jobs in Slurm; running ones save a checkpoint",
             [&] { return cancel(request); });
  CLI::App* collecting = subcommand("collect", "writes all results, and means over seeds, as CSV and HDF5",
                                    [&] { return collect(request); });
  request.settings->also_take(*collecting, place);
  if (const int code = parse(app, argc, argv); code >= 0) return code;
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  return guarded_program("revnet-sweep", [&] { return run_program(argc, argv); });
}
