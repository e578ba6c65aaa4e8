#include "report/curves.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/text.h"
#include "report/tables.h"

namespace revnet {
namespace {

// What a name may say beside the network, the most telling first.
std::vector<std::string> details(const RunRecord& run) {
  const Config& config = run.config;
  return {name(config.network.activations),
          format_grouped(config.training.iterations) + " iterations",
          "batch " + std::to_string(config.training.batch),
          "seed " + std::to_string(config.training.seed),
          name(config.network.convolution) + " convolution",
          run.directory.string()};
}

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
  std::vector<std::string> names;
  names.reserve(runs.size());
  for (const RunRecord& run : runs) names.push_back(network_title(network_name(run.config.network)));
  const std::size_t most = runs.empty() ? 0 : details(runs.front()).size();
  for (std::size_t detail = 0; detail < most; ++detail) {
    std::map<std::string, std::set<std::string>> same;  // what runs of one name have to tell
    for (std::size_t i = 0; i < runs.size(); ++i) same[names[i]].insert(details(runs[i])[detail]);
    for (std::size_t i = 0; i < runs.size(); ++i) {
      if (same.at(names[i]).size() > 1) names[i] += ", " + details(runs[i])[detail];
    }
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
