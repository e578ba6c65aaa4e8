#include "sweep/results.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/text.h"
#include "record/config_schema.h"
#include "study/study_log.h"

namespace revnet {
namespace {

std::string time_left(const RunLog& log, const Config& config) {
  const double speed = log.images_per_second(config.training.batch);
  if (speed <= 0) return "-";
  const auto images = static_cast<double>((config.training.iterations - log.train().back().iteration) *
                                          config.training.batch);
  return format_duration(images / speed);
}

// Keys of settings in which some two results differ, in the order of the table of settings.
std::vector<std::string> varying_keys(const std::vector<JobResult>& results) {
  std::vector<std::string> keys;
  for (const Setting& setting : settings()) {
    const bool varies = std::ranges::any_of(results, [&](const JobResult& result) {
      return setting.yaml(result.run.config) != setting.yaml(results.front().run.config);
    });
    if (varies) keys.push_back(setting.key);
  }
  return keys;
}

}  // namespace

Table status_table(const std::vector<Job>& jobs, const std::filesystem::path& sweep,
                   const std::optional<SchedulerStates>& scheduler) {
  std::vector<std::string> header{"job",           "state",   "iteration",          "of",
                                  "cross entropy", "error %", "evaluation error %", "left"};
  if (scheduler) header.emplace_back("Slurm");
  Table table(header);
  for (const Job& job : jobs) {
    JobState state = read_state(directory_of(sweep, job));
    SchedulerState scheduled;
    if (scheduler && scheduler->contains(job.name) && state.status != JobStatus::complete) {
      scheduled = scheduler->at(job.name);
      if (scheduled.running) state.status = JobStatus::running;
    }
    const bool has_rows = state.log && !state.log->train().empty();
    const TrainRow row = has_rows ? state.log->train().back() : TrainRow{};
    const bool evaluated = state.log && !state.log->eval().empty();
    std::vector<std::string> cells{
        job.name,
        std::string(name(state.status)),
        has_rows ? std::to_string(row.iteration) : "-",
        std::to_string(job.config.training.iterations),
        has_rows ? format_fixed(row.cross_entropy, 4) : "-",
        has_rows ? format_fixed(row.error_percent, 2) : "-",
        evaluated ? format_fixed(state.log->eval().back().error_percent, 2) : "-",
        state.status == JobStatus::running && has_rows ? time_left(*state.log, job.config) : "-"};
    if (scheduler) cells.push_back(scheduled.text.empty() ? "-" : scheduled.text);
    table.add(std::move(cells));
  }
  return table;
}

std::vector<JobResult> read_results(const std::vector<Job>& jobs, const std::filesystem::path& sweep) {
  std::vector<JobResult> results;
  for (const Job& job : jobs) {
    const JobState state = read_state(directory_of(sweep, job));
    if (!state.log || state.log->train().empty()) continue;
    results.push_back({job.name, std::string(name(state.status)), read_run(directory_of(sweep, job))});
  }
  return results;
}

namespace {

// What was measured, a column each: the last rows of a run's tables.
struct Measurement {
  const char* name;
  int decimals;
  double (*of)(const RunRecord& run);
};
constexpr std::array measurements{
    Measurement{"iterations", 0,
                [](const RunRecord& run) { return static_cast<double>(run.train.back().iteration); }},
    Measurement{"train_cross_entropy", 4,
                [](const RunRecord& run) { return run.train.back().cross_entropy; }},
    Measurement{"train_error_percent", 2,
                [](const RunRecord& run) { return run.train.back().error_percent; }},
    Measurement{"eval_cross_entropy", 4,
                [](const RunRecord& run) { return run.eval.empty() ? NAN : run.eval.back().cross_entropy; }},
    Measurement{"eval_error_percent", 2,
                [](const RunRecord& run) { return run.eval.empty() ? NAN : run.eval.back().error_percent; }},
    Measurement{"images_per_second", 1, [](const RunRecord& run) { return run.images_per_second; }},
    Measurement{"seconds", 1, [](const RunRecord& run) { return run.seconds; }},
    Measurement{"saved_bytes", 0, [](const RunRecord& run) { return static_cast<double>(run.saved_bytes); }},
    Measurement{"peak_bytes", 0, [](const RunRecord& run) { return static_cast<double>(run.peak_bytes); }}};

}  // namespace

Table results_table(const std::vector<JobResult>& results) {
  if (results.empty()) return Table({"job"});
  const std::vector<std::string> keys = varying_keys(results);
  std::vector<std::string> header{"job"};
  header.insert(header.end(), keys.begin(), keys.end());
  header.emplace_back("status");
  for (const Measurement& measurement : measurements) header.emplace_back(measurement.name);
  Table table(header);
  for (const JobResult& result : results) {
    std::vector<std::string> row{result.job};
    for (const std::string& key : keys) row.push_back(value_of(result.run.config, key));
    row.push_back(result.status);
    for (const Measurement& measurement : measurements) {
      const double value = measurement.of(result.run);
      row.push_back(std::isnan(value) ? "-" : format_fixed(value, measurement.decimals));
    }
    table.add(std::move(row));
  }
  return table;
}

void write_results(const std::filesystem::path& file, const std::vector<JobResult>& results,
                   const std::string& command) {
  hdf5::Writer log = start_study_log(file, "sweep", command);
  std::map<std::string, std::vector<std::string>> texts;
  std::vector<std::int64_t> batches;
  for (const JobResult& result : results) {
    texts["job"].push_back(result.job);
    texts["status"].push_back(result.status);
    for (const Setting& setting : settings()) {
      texts["settings/" + setting.key].push_back(setting.yaml(result.run.config));
    }
    batches.push_back(result.run.config.training.batch);
  }
  for (const auto& [name, values] : texts) log.texts("jobs/" + name, values);
  log.integers("jobs/batch", batches);
  for (const Measurement& measurement : measurements) {
    std::vector<double> column;
    for (const JobResult& result : results) column.push_back(measurement.of(result.run));
    log.doubles("jobs/" + std::string(measurement.name), column);
  }
  log.save(Durability::process_crash);
}

}  // namespace revnet
