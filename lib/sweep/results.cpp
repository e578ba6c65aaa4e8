#include "sweep/results.h"

#include <algorithm>
#include <map>

#include "base/text.h"
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
  for (const SettingInfo& setting : list_settings()) {
    const bool varies = std::ranges::any_of(results, [&](const JobResult& result) {
      return value_of(result.config, setting.key) != value_of(results.front().config, setting.key);
    });
    if (varies) keys.push_back(setting.key);
  }
  return keys;
}

}  // namespace

Table status_table(const std::vector<Job>& jobs, const std::filesystem::path& sweep) {
  Table table({"job", "state", "iteration", "of", "cross entropy", "error %", "evaluation error %", "left"});
  for (const Job& job : jobs) {
    const JobState state = read_state(directory_of(sweep, job));
    const bool has_rows = state.log && !state.log->train().empty();
    const TrainRow row = has_rows ? state.log->train().back() : TrainRow{};
    const bool evaluated = state.log && !state.log->eval().empty();
    table.add({job.name, std::string(name(state.status)), has_rows ? std::to_string(row.iteration) : "-",
               std::to_string(job.config.training.iterations),
               has_rows ? format_fixed(row.cross_entropy, 4) : "-",
               has_rows ? format_fixed(row.error_percent, 2) : "-",
               evaluated ? format_fixed(state.log->eval().back().error_percent, 2) : "-",
               state.status == JobStatus::running && has_rows ? time_left(*state.log, job.config) : "-"});
  }
  return table;
}

std::vector<JobResult> read_results(const std::vector<Job>& jobs, const std::filesystem::path& sweep) {
  std::vector<JobResult> results;
  for (const Job& job : jobs) {
    const JobState state = read_state(directory_of(sweep, job));
    if (!state.log || state.log->train().empty()) continue;
    const RunLog& log = *state.log;
    JobResult result;
    result.job = job.name;
    result.config = job.config;
    result.status = name(state.status);
    result.iterations = log.train().back().iteration;
    result.train_cross_entropy = log.train().back().cross_entropy;
    result.train_error_percent = log.train().back().error_percent;
    if (!log.eval().empty()) {
      result.eval_cross_entropy = log.eval().back().cross_entropy;
      result.eval_error_percent = log.eval().back().error_percent;
    }
    result.images_per_second = log.images_per_second(job.config.training.batch);
    result.seconds = log.train().back().seconds;
    result.saved_bytes = log.bytes_of("saved_activations");
    result.peak_bytes = log.bytes_of("peak");
    results.push_back(std::move(result));
  }
  return results;
}

Table results_table(const std::vector<JobResult>& results) {
  if (results.empty()) return Table({"job"});
  const std::vector<std::string> keys = varying_keys(results);
  std::vector<std::string> header{"job"};
  header.insert(header.end(), keys.begin(), keys.end());
  for (const char* column :
       {"status", "iterations", "train_cross_entropy", "train_error_percent", "eval_cross_entropy",
        "eval_error_percent", "images_per_second", "seconds", "saved_bytes", "peak_bytes"}) {
    header.emplace_back(column);
  }
  Table table(header);
  for (const JobResult& result : results) {
    std::vector<std::string> row{result.job};
    for (const std::string& key : keys) row.push_back(value_of(result.config, key));
    row.insert(row.end(),
               {result.status, std::to_string(result.iterations), format_fixed(result.train_cross_entropy, 4),
                format_fixed(result.train_error_percent, 2), format_fixed(result.eval_cross_entropy, 4),
                format_fixed(result.eval_error_percent, 2), format_fixed(result.images_per_second, 1),
                format_fixed(result.seconds, 1), std::to_string(result.saved_bytes),
                std::to_string(result.peak_bytes)});
    table.add(std::move(row));
  }
  return table;
}

void write_results(const std::filesystem::path& file, const std::vector<JobResult>& results,
                   const std::string& command) {
  hdf5::Writer log = start_study_log(file, "sweep", command);
  std::map<std::string, std::vector<std::string>> texts;
  std::map<std::string, std::vector<double>> doubles;
  std::map<std::string, std::vector<std::int64_t>> integers;
  for (const JobResult& result : results) {
    texts["job"].push_back(result.job);
    texts["status"].push_back(result.status);
    for (const SettingInfo& setting : list_settings()) {
      texts["settings/" + setting.key].push_back(value_of(result.config, setting.key));
    }
    integers["batch"].push_back(result.config.training.batch);
    integers["iterations"].push_back(result.iterations);
    integers["saved_bytes"].push_back(result.saved_bytes);
    integers["peak_bytes"].push_back(result.peak_bytes);
    doubles["train_cross_entropy"].push_back(result.train_cross_entropy);
    doubles["train_error_percent"].push_back(result.train_error_percent);
    doubles["eval_cross_entropy"].push_back(result.eval_cross_entropy);
    doubles["eval_error_percent"].push_back(result.eval_error_percent);
    doubles["images_per_second"].push_back(result.images_per_second);
    doubles["seconds"].push_back(result.seconds);
  }
  log.group("jobs");
  for (const auto& [name, values] : texts) log.texts("jobs/" + name, values);
  for (const auto& [name, values] : integers) log.integers("jobs/" + name, values);
  for (const auto& [name, values] : doubles) log.doubles("jobs/" + name, values);
  log.save(Durability::process_crash);
}

}  // namespace revnet
