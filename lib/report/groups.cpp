#include "report/groups.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "settings/config_schema.h"

namespace revnet {
namespace {

constexpr const char* seed = "training.seed";

std::vector<std::string> values_of(const RunRecord& run, const std::vector<std::string>& keys) {
  std::vector<std::string> values;
  for (const std::string& key : keys) values.push_back(value_of(run.config, key));
  return values;
}

// The sort key of a setting's value: choices in their order, numbers by size, then text.
std::tuple<double, std::string> rank_of(const Setting& setting, const std::string& value) {
  const auto choice = std::ranges::find(setting.choices, value);
  if (choice != setting.choices.end()) return {static_cast<double>(choice - setting.choices.begin()), ""};
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error == std::errc() && end == value.data() + value.size()) return {number, ""};
  return {std::numeric_limits<double>::infinity(), value};
}

bool comes_before(const Group& left, const Group& right, const std::vector<std::string>& keys) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Setting& setting = *find_setting(keys[i]);
    const auto a = rank_of(setting, left.values[i]), b = rank_of(setting, right.values[i]);
    if (a != b) return a < b;
  }
  return false;
}

// The settings that separate groups by default.
std::vector<std::string> usual_keys(const std::vector<RunRecord>& runs) {
  return separating_keys(varying_keys(runs));
}

// The settings, other than the seed, that vary between the runs of a group.
std::vector<std::string> hidden_keys(const std::vector<Group>& groups) {
  std::set<std::string> hidden;
  for (const Group& group : groups) {
    std::vector<RunRecord> members;
    for (const RunRecord* member : group.members) {
      members.emplace_back().config = member->config;
    }
    for (const std::string& key : usual_keys(members)) hidden.insert(key);
  }
  return {hidden.begin(), hidden.end()};
}

// The processors of groups whose runs do not share one.
std::set<std::string> mixed_processors(const std::vector<Group>& groups) {
  std::set<std::string> mixed;
  for (const Group& group : groups) {
    std::set<std::string> processors;
    for (const RunRecord* member : group.members) processors.insert(member->cpu);
    if (processors.size() > 1) mixed.merge(processors);
  }
  return mixed;
}

// The settings that affect the result, and what else does, as text.
std::string identity_of(const RunRecord& run) {
  std::string identity =
      fmt::format("images: {}\nranks: {}\nchanges: {}\n", run.images, run.ranks, run.changes);
  for (const Setting& setting : settings()) {
    if (setting.effect != Effect::result) continue;
    identity += fmt::format("{}: {}\n", setting.key, setting.yaml(run.config));
  }
  return identity;
}

// Errors on different images do not say which network is better.
bool same_images(const std::vector<Group>& groups) {
  const RunRecord* first = nullptr;
  for (const Group& group : groups) {
    for (const RunRecord* member : group.members) {
      if (first == nullptr) first = member;
      const Config::Dataset &dataset = member->config.dataset, &other = first->config.dataset;
      if (dataset.name != other.name || dataset.classes != other.classes ||
          dataset.validation != other.validation || member->images != first->images) {
        return false;
      }
    }
  }
  return true;
}

// The best groups by the mean of this metric; empty if there is nothing to compare.
std::set<const Group*> best_groups(const std::vector<Group>& groups, const Metric& metric) {
  std::map<double, std::set<const Group*>> by_mean;
  std::size_t compared = 0;
  for (const Group& group : groups) {
    const Statistic statistic = statistic_of(metric, group.members);
    if (statistic.count == 0) continue;
    by_mean[statistic.mean].insert(&group);
    ++compared;
  }
  if (compared < 2 || metric.best == Metric::Best::none || !same_images(groups)) return {};
  return metric.best == Metric::Best::lowest ? by_mean.begin()->second : by_mean.rbegin()->second;
}

// A number for programs: two more digits than people see, in the unit of files.
std::string number_of(const Metric& metric, double value) {
  if (std::isnan(value)) return "";
  return fmt::format("{:.{}f}", value, value == std::trunc(value) ? 0 : metric.decimals + 2);
}

}  // namespace

std::vector<std::string> varying_keys(const std::vector<RunRecord>& runs) {
  std::vector<std::string> keys;
  for (const Setting& setting : settings()) {
    if (setting.effect == Effect::none) continue;
    const bool varies = std::ranges::any_of(runs, [&](const RunRecord& run) {
      return setting.yaml(run.config) != setting.yaml(runs.front().config);
    });
    if (varies) keys.push_back(setting.key);
  }
  return keys;
}

std::vector<std::string> separating_keys(std::vector<std::string> keys) {
  std::erase_if(
      keys, [](const std::string& key) { return key == seed || find_setting(key)->effect == Effect::rows; });
  return keys;
}

std::vector<std::string> telling_keys(const std::vector<RunRecord>& runs,
                                      const std::vector<std::string>& keys) {
  std::vector<std::string> telling;
  for (const std::string& key : keys) {
    std::map<std::vector<std::string>, std::string> value;  // keyed by the values of the keys before it
    const bool tells = std::ranges::any_of(runs, [&](const RunRecord& run) {
      const std::string here = value_of(run.config, key);
      return value.try_emplace(values_of(run, telling), here).first->second != here;
    });
    if (tells) telling.push_back(key);
  }
  return telling;
}

std::string heading(const std::string& key) {
  const std::string leaf = find_setting(key)->leaf();
  if (std::ranges::count(settings(), leaf, &Setting::leaf) > 1) return key;
  std::string words = leaf;
  std::ranges::replace(words, '_', ' ');
  return words;
}

Grouping group_runs(const std::vector<RunRecord>& runs, std::vector<std::string> keys) {
  for (const std::string& key : keys) known_setting(key, "--group-by");
  Grouping grouping{keys.empty() ? usual_keys(runs) : std::move(keys), {}, {}};
  std::map<std::vector<std::string>, Group> groups;
  std::map<std::vector<std::string>, const RunRecord*> seen;
  std::vector<std::string> unfinished;
  for (const RunRecord& run : runs) {
    std::vector<std::string> apart = values_of(run, grouping.keys);
    apart.insert(apart.end(), {run.images, run.ranks, run.changes});
    Group& group = groups[apart];
    group.values = values_of(run, grouping.keys);
    ++group.runs;
    if (!run.complete()) {
      unfinished.push_back(fmt::format("{} ({})", run.directory.string(), name(run.status)));
      continue;
    }
    std::vector<std::string> identity = group.values;
    identity.push_back(identity_of(run));
    const auto [first, is_new] = seen.try_emplace(std::move(identity), &run);
    if (is_new) {
      group.members.push_back(&run);
      continue;
    }
    grouping.notes.push_back(fmt::format("Left out: {}, which has the settings and the seed of {}.",
                                         run.directory.string(), first->second->directory.string()));
  }
  for (auto& [values, group] : groups) grouping.groups.push_back(std::move(group));
  std::ranges::stable_sort(grouping.groups, [&](const Group& left, const Group& right) {
    return comes_before(left, right, grouping.keys);
  });
  if (!unfinished.empty()) {
    grouping.notes.push_back(fmt::format("Left out, since not complete: {}.", join(unfinished)));
  }
  std::set<std::vector<std::string>> values;
  for (const Group& group : grouping.groups) values.insert(group.values);
  if (values.size() < grouping.groups.size()) {
    grouping.notes.emplace_back(
        "Groups with the same settings differ in their images, in the number of ranks between which "
        "local batch normalization divides a batch, or in what changed when a run was resumed.");
  }
  const std::vector<std::string> hidden = hidden_keys(grouping.groups);
  if (!hidden.empty()) {
    grouping.notes.push_back(fmt::format(
        "Some groups hold runs that differ in more than the seed: to set them apart, add {} to --group-by.",
        join(hidden, ",")));
  }
  const std::set<std::string> mixed = mixed_processors(grouping.groups);
  if (!mixed.empty()) {
    grouping.notes.push_back(fmt::format(
        "Some groups hold runs of several processors ({}): their speeds and times are of no single one.",
        fmt::join(mixed, "; ")));
  }
  return grouping;
}

Table group_table(const Grouping& grouping, const std::vector<const Metric*>& metrics) {
  const std::set<const Group*> best = best_groups(grouping.groups, *metrics.front());
  std::vector<std::string> header;
  for (const std::string& key : grouping.keys) header.push_back(heading(key));
  header.emplace_back("runs");
  for (const Metric* metric : metrics) header.emplace_back(metric->title);
  if (!best.empty()) header.emplace_back("best");
  Table table(header);
  for (const Group& group : grouping.groups) {
    std::vector<std::string> row = group.values;
    row.push_back(group.members.size() == group.runs
                      ? fmt::format("{}", group.runs)
                      : fmt::format("{} of {}", group.members.size(), group.runs));
    for (const Metric* metric : metrics) {
      row.push_back(describe(*metric, statistic_of(*metric, group.members)));
    }
    if (!best.empty()) row.emplace_back(best.contains(&group) ? "*" : "");
    table.add(std::move(row));
  }
  return table;
}

Table group_data(const Grouping& grouping, const std::vector<const Metric*>& metrics) {
  const std::set<const Group*> best = best_groups(grouping.groups, *metrics.front());
  std::vector<std::string> header = grouping.keys;
  header.emplace_back("runs");
  for (const Metric* metric : metrics) {
    for (const char* part : {"mean", "deviation", "count"}) {
      header.push_back(fmt::format("{}_{}", metric->name, part));
    }
  }
  header.emplace_back("best");
  Table table(header);
  for (const Group& group : grouping.groups) {
    std::vector<std::string> row = group.values;
    row.push_back(fmt::format("{}", group.runs));
    for (const Metric* metric : metrics) {
      const Statistic statistic = statistic_of(*metric, group.members);
      row.push_back(number_of(*metric, statistic.mean));
      row.push_back(number_of(*metric, statistic.deviation));
      row.push_back(fmt::format("{}", statistic.count));
    }
    row.emplace_back(best.contains(&group) ? "*" : "");
    table.add(std::move(row));
  }
  return table;
}

Table run_table(const std::vector<RunRecord>& runs, const std::vector<std::string>& in_table_3) {
  const std::vector<std::string> keys = varying_keys(runs);
  const std::vector<const Metric*> metrics = usual_metrics(runs);
  std::vector<std::string> header{"run"};
  for (const std::string& key : keys) header.push_back(heading(key));
  header.emplace_back("status");
  for (const Metric* metric : metrics) header.emplace_back(metric->title);
  header.emplace_back("time");
  if (!in_table_3.empty()) header.emplace_back("in Table 3");
  Table table(header);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const RunRecord& run = runs[i];
    std::vector<std::string> row{run.directory.string()};
    for (const std::string& key : keys) row.push_back(value_of(run.config, key));
    const bool stands_still = run.status == RunStatus::complete || run.train.empty();
    row.push_back(
        stands_still ? std::string(name(run.status))
                     : fmt::format("{} at {}", name(run.status), format_grouped(run.train.back().iteration)));
    for (const Metric* metric : metrics) row.push_back(describe(*metric, run));
    row.push_back(run.seconds > 0 ? format_duration(run.seconds) : "-");
    if (!in_table_3.empty()) row.push_back(in_table_3[i]);
    table.add(std::move(row));
  }
  return table;
}

Table run_data(const std::string& title, const std::vector<std::string>& names,
               const std::vector<RunRecord>& runs, const std::vector<std::string>& keys,
               const std::vector<std::string>& in_table_3) {
  std::vector<std::string> header{title};
  header.insert(header.end(), keys.begin(), keys.end());
  header.emplace_back("status");
  for (const Metric& metric : metrics()) header.emplace_back(metric.name);
  if (!in_table_3.empty()) header.emplace_back("in_table_3");
  Table table(header);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    std::vector<std::string> row{names[i]};
    for (const std::string& key : keys) row.push_back(value_of(runs[i].config, key));
    row.emplace_back(name(runs[i].status));
    for (const Metric& metric : metrics()) row.push_back(number_of(metric, metric.of(runs[i])));
    if (!in_table_3.empty()) row.push_back(in_table_3[i]);
    table.add(std::move(row));
  }
  return table;
}

}  // namespace revnet
