#include "sweep/results.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "settings/config_schema.h"
#include "study/study_log.h"

namespace revnet {
namespace {

std::string time_left(const RunLog& log, std::int64_t iterations, std::int64_t batch) {
  const double speed = log.median_images_per_second(batch);
  if (speed <= 0) return "-";
  const auto images = static_cast<double>((iterations - log.train().back().iteration) * batch);
  return format_duration(images / speed);
}

}  // namespace

Table status_table(const std::vector<Job>& jobs, const std::filesystem::path& sweep,
                   const std::optional<SchedulerStates>& scheduler) {
  std::vector<std::string> header{
      "job", "state", "iteration", "of", "cross entropy", "training error %", "evaluation error %", "left"};
  if (scheduler) header.emplace_back("Slurm");
  Table table(header);
  for (const Job& job : jobs) {
    JobState state = read_state(sweep, job);
    const bool changed = !change_of(sweep, job, state).empty();
    if (changed) {  // what has been done no longer counts
      state.log.reset();
      state.settings.reset();
    }
    SchedulerState scheduled;
    if (scheduler && scheduler->contains(job.name) && state.status != JobStatus::complete) {
      scheduled = scheduler->at(job.name);
      if (scheduled.running) state.status = JobStatus::running;
    }
    const bool has_rows = state.log && !state.log->train().empty();
    const TrainRow row = has_rows ? state.log->train().back() : TrainRow{};
    const bool evaluated = state.log && !state.log->eval().empty();
    const std::int64_t iterations = iterations_of(job, state);
    std::vector<std::string> cells{job.name,
                                   changed ? "changed" : std::string(name(state.status)),
                                   has_rows ? fmt::format("{}", row.iteration) : "-",
                                   fmt::format("{}", iterations),
                                   has_rows ? format_fixed(row.cross_entropy, 4) : "-",
                                   has_rows ? format_fixed(row.error_percent, 2) : "-",
                                   evaluated ? format_fixed(state.log->eval().back().error_percent, 2) : "-",
                                   state.status == JobStatus::running && has_rows
                                       ? time_left(*state.log, iterations, job.config.training.batch)
                                       : "-"};
    if (scheduler) cells.push_back(scheduled.text.empty() ? "-" : scheduled.text);
    table.add(std::move(cells));
  }
  return table;
}

SweepResults read_results(const std::vector<Job>& jobs, const std::filesystem::path& sweep) {
  SweepResults results;
  for (const Job& job : jobs) {
    const JobState state = read_state(sweep, job);
    if (const std::string change = change_of(sweep, job, state); !change.empty()) {
      results.at_fault.push_back(change);
      continue;
    }
    if (!state.log || state.log->train().empty()) {
      if (!state.failure.empty()) {
        results.at_fault.push_back(fmt::format("{}: {}: {}", job.name, name(state.status), state.failure));
      } else if (state.log) {
        results.without_rows.push_back(
            fmt::format("{}: {}, without a row in its log", job.name, name(state.status)));
      }
      continue;
    }
    results.jobs.push_back(job.name);
    results.runs.push_back(read_run(directory_of(sweep, job)));
  }
  fill_in_images(results.runs);
  std::vector<RunRecord> planned;
  for (const Job& job : jobs) planned.emplace_back().config = job.config;
  const std::vector<std::string> of_jobs = varying_keys(planned), of_runs = varying_keys(results.runs);
  for (const Setting& setting : settings()) {
    const bool varies =
        std::ranges::count(of_jobs, setting.key) + std::ranges::count(of_runs, setting.key) > 0;
    if (varies) results.keys.push_back(setting.key);
  }
  return results;
}

Table results_table(const SweepResults& results) {
  return run_data("job", results.jobs, results.runs, results.keys);
}

void write_results(const std::filesystem::path& file, const SweepResults& results, const Grouping& groups,
                   const std::string& command) {
  hdf5::Writer log = start_study_log(file, "sweep", command);
  std::map<std::string, std::vector<std::string>> texts;
  std::map<std::string, std::vector<double>> numbers;
  std::vector<std::int64_t> batches, counts;
  texts["jobs/job"] = results.jobs;
  for (const RunRecord& run : results.runs) {
    texts["jobs/status"].emplace_back(name(run.status));
    for (const Setting& setting : settings()) {
      texts["jobs/settings/" + setting.key].push_back(setting.yaml(run.config));
    }
    batches.push_back(run.config.training.batch);
    for (const Metric& metric : metrics()) {
      numbers[fmt::format("jobs/{}", metric.name)].push_back(metric.of(run));
    }
  }
  for (const Group& group : groups.groups) {
    for (std::size_t i = 0; i < groups.keys.size(); ++i) {
      texts["groups/settings/" + groups.keys[i]].push_back(group.values[i]);
    }
    counts.push_back(static_cast<std::int64_t>(group.runs));
    for (const Metric& metric : metrics()) {
      const Statistic statistic = statistic_of(metric, group.members);
      const auto add = [&](const char* part, double value) {
        numbers[fmt::format("groups/{}/{}", metric.name, part)].push_back(value);
      };
      add("mean", statistic.mean);
      add("deviation", statistic.deviation);
      add("count", static_cast<double>(statistic.count));
    }
  }
  for (const auto& [name, values] : texts) log.texts(name, values);
  for (const auto& [name, values] : numbers) log.doubles(name, values);
  log.integers("jobs/batch", batches);
  log.integers("groups/runs", counts);
  log.save();
}

}  // namespace revnet
