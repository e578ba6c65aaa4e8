#include "sweep/grid.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace revnet {
namespace {

using Assignments = SweepFile::Assignments;

// "batch16". The value alone if it speaks for itself; elsewhere the key distinguishes equal values of several
// settings, such as "auto".
std::string name_part(const std::string& key, const std::string& value) {
  constexpr std::array plain{"network.architecture", "network.activations", "dataset.name"};
  const std::string leaf = key.substr(key.find('.') + 1);
  return file_name_of(std::ranges::find(plain, key) != plain.end() ? value : leaf + value);
}

std::string name_of(const Assignments& assignments) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : assignments) parts.push_back(name_part(key, value));
  return parts.empty() ? "run" : join(parts, "-");
}

bool has(const Assignments& assignments, const std::string& key) {
  return std::ranges::find(assignments, key, &Assignments::value_type::first) != assignments.end();
}

void apply_rule(const SweepFile::Rule& rule, const Assignments& given, Config& config) {
  if (has(given, rule.set)) return;
  const double x = std::strtod(value_of(config, rule.proportional_to).c_str(), nullptr),
               y = std::strtod(value_of(config, rule.set).c_str(), nullptr);
  const double scaled = y * std::pow(x / rule.at, rule.power);
  set_value(config, rule.set, fmt::format("{:.12g}", scaled), "sweep.rules: " + rule.set);
}

Job make_job(const SweepFile& sweep, const Assignments& assignments) {
  Job job{name_of(assignments), sweep.base};
  for (const auto& [key, value] : assignments) set_value(job.config, key, value, "sweep: " + key);
  return job;
}

void apply_rules(const SweepFile& sweep, const Assignments& given, Job& job) {
  try {
    for (const SweepFile::Rule& rule : sweep.rules) apply_rule(rule, given, job.config);
  } catch (const UsageError& error) {
    throw UsageError("{}: {}; leave the combination out with sweep.exclude", job.name, error.what());
  }
}

// Whether the job has all of the entry's values, in whatever notation.
bool matches(const Config& config, const Assignments& entry) {
  return std::ranges::all_of(entry, [&](const auto& assignment) {
    Config other = config;
    set_value(other, assignment.first, assignment.second, "sweep.exclude: " + assignment.first);
    return other == config;
  });
}

// The entries of sweep.exclude, and which of them some job had.
class Exclusions {
 public:
  explicit Exclusions(const SweepFile& sweep) : entries_(sweep.exclude), had_(entries_.size()) {}

  bool has(const Config& config) {
    bool any = false;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (!matches(config, entries_[i])) continue;
      had_[i] = any = true;
    }
    return any;
  }

  // Throws UsageError if an entry excluded nothing, such as one with a misspelt value.
  void check_all_had() const {
    const auto idle = std::ranges::find(had_, false);
    if (idle == had_.end()) return;
    std::vector<std::string> values;
    for (const auto& [key, value] : entries_[static_cast<std::size_t>(idle - had_.begin())]) {
      values.push_back(key + ": " + value);
    }
    throw UsageError("sweep.exclude: no job of the grid has {}; remove or correct this entry", join(values));
  }

 private:
  const std::vector<Assignments>& entries_;
  std::vector<bool> had_;
};

// Checked before creating any job: a few short lists have more combinations than memory can hold.
void check_size(const SweepFile& sweep) {
  std::size_t jobs = 1;
  for (const SweepFile::Axis& axis : sweep.grid) {
    if (axis.values.size() > most_jobs / jobs) {
      throw UsageError(
          "the sweep's grid has more than {} combinations, which is the limit of one sweep; "
          "divide it into several files",
          format_grouped(most_jobs));
    }
    jobs *= axis.values.size();
  }
  if (std::max(sweep.include.size(), sweep.exclude.size()) > most_jobs) {
    throw UsageError(
        "the sweep includes or excludes more than {} jobs, which is the limit of one sweep; "
        "divide it into several files",
        format_grouped(most_jobs));
  }
}

std::vector<Assignments> combinations(const std::vector<SweepFile::Axis>& grid) {
  std::vector<Assignments> result{{}};
  for (const SweepFile::Axis& axis : grid) {
    std::vector<Assignments> longer;
    for (const Assignments& begun : result) {
      for (const std::string& value : axis.values) {
        longer.push_back(begun);
        longer.back().emplace_back(axis.key, value);
      }
    }
    result = std::move(longer);
  }
  return result;
}

void add(std::vector<Job>& jobs, Job job) {
  constexpr std::size_t longest_name = 200;  // file systems allow 255, also for NAME.yaml.tmp
  if (job.name.size() > longest_name) {
    throw UsageError(
        "a job of the sweep would be named {}, which is too long for a folder ({} characters); "
        "put fewer or shorter values into the grid",
        in_quotes(job.name), job.name.size());
  }
  for (const Job& other : jobs) {
    if (other.config == job.config) return;
    if (other.name == job.name) {
      throw UsageError(
          "two different jobs of the sweep would both be named {}; make them differ in a setting "
          "that is in the grid",
          job.name);
    }
  }
  jobs.push_back(std::move(job));
}

}  // namespace

std::vector<Job> expand(const SweepFile& sweep) {
  check_size(sweep);
  std::vector<Job> jobs;
  Exclusions excluded(sweep);
  const bool only_included = sweep.grid.empty() && !sweep.include.empty();
  if (!only_included) {
    for (const Assignments& assignments : combinations(sweep.grid)) {
      Job job = make_job(sweep, assignments);
      if (excluded.has(job.config)) continue;  // a rule need not have a valid value for it
      apply_rules(sweep, assignments, job);
      if (!excluded.has(job.config)) add(jobs, std::move(job));
    }
  }
  for (const Assignments& assignments : sweep.include) {
    Job job = make_job(sweep, assignments);
    apply_rules(sweep, assignments, job);
    add(jobs, std::move(job));
  }
  if (jobs.empty()) throw UsageError("the sweep excludes every job");
  excluded.check_all_had();
  if (jobs.size() > most_jobs) {
    throw UsageError("the sweep has {} jobs, more than the {} of one sweep; divide it into several files",
                     format_grouped(static_cast<std::int64_t>(jobs.size())), format_grouped(most_jobs));
  }
  return jobs;
}

}  // namespace revnet
