#include "report/curves.h"

#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "report/groups.h"
#include "report/tables.h"
#include "settings/config_schema.h"

namespace revnet {
namespace {

template <typename Row>
Points points_of(const std::vector<Row>& rows, double Row::*value) {
  Points points;
  for (const Row& row : rows) {
    points.x.push_back(static_cast<double>(row.iteration));
    points.y.push_back(row.*value);
  }
  return points;
}

Chart empty_chart(const std::string& dataset, const std::string& quantity, const std::string& y) {
  return {dataset + ", " + quantity + " against the iteration", "iteration", y, "training", "evaluation", {}};
}

}  // namespace

std::vector<std::string> short_names(const std::vector<RunRecord>& runs) {
  const std::vector<std::string> keys = telling_keys(runs, varying_keys(runs));
  std::vector<std::string> names;
  std::map<std::string, int> times;
  for (const RunRecord& run : runs) {
    std::vector<std::string> words;
    for (const std::string& key : keys) {
      const std::string value = value_of(run.config, key);
      // A grid without exact coupling, or a list that leaves the network's own.
      const bool without_meaning =
          value == "[]" ||
          (key == "network.grid_bits" && run.config.network.coupling != Config::Network::Coupling::exact);
      if (without_meaning) continue;
      const bool says_what = !find_setting(key)->choices.empty();
      words.push_back(key == "network.architecture" ? network_title(value)
                      : says_what                   ? value
                                                    : fmt::format("{} {}", heading(key), value));
    }
    names.push_back(words.empty() ? network_title(network_name(run.config.network)) : join(words));
    ++times[names.back()];
  }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (times.at(names[i]) > 1) names[i] += ", " + runs[i].directory.string();
  }
  return names;
}

std::vector<Curves> training_curves(const std::vector<RunRecord>& runs) {
  std::map<Config::Dataset::Name, std::vector<RunRecord>> by_dataset;
  for (const RunRecord& run : runs) {
    if (!run.train.empty() || !run.eval.empty()) by_dataset[run.config.dataset.name].push_back(run);
  }
  std::vector<Curves> all;
  for (const auto& [dataset, members] : by_dataset) {
    const std::vector<std::string> names = short_names(members);
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i % chart_styles == 0) {
        const std::string title = dataset_title(dataset);
        all.push_back({title, empty_chart(title, "cross entropy", "cross entropy (nats)"),
                       empty_chart(title, "error", "error (%)")});
      }
      const RunRecord& run = members[i];
      all.back().cross_entropy.series.push_back({names[i], points_of(run.train, &TrainRow::cross_entropy),
                                                 points_of(run.eval, &EvalRow::cross_entropy)});
      all.back().error.series.push_back({names[i], points_of(run.train, &TrainRow::error_percent),
                                         points_of(run.eval, &EvalRow::error_percent)});
    }
  }
  return all;
}

}  // namespace revnet
