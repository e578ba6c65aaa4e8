#include "report/metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace revnet {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// The value in a table's last row; NaN if the table is empty.
template <auto Rows, auto Column>
double last(const RunRecord& run) {
  const auto& rows = run.*Rows;
  return rows.empty() ? nan : static_cast<double>(rows.back().*Column);
}

// The mean of a column over the last iterations, each row weighted by those that it covers. A single row
// would be of log.every batches, and differ from its neighbours by more than networks do.
template <auto Column>
double late_mean(const RunRecord& run) {
  double sum = 0, iterations = 0;
  for (std::size_t i = run.train.size(); i-- > 0;) {
    const std::int64_t before = i > 0 ? run.train[i - 1].iteration : 0;
    if (run.train[i].iteration <= run.train.back().iteration - late_iterations) break;
    const auto covered = static_cast<double>(run.train[i].iteration - before);
    sum += covered * static_cast<double>(run.train[i].*Column);
    iterations += covered;
  }
  return iterations > 0 ? sum / iterations : nan;
}

// A member for which 0 means unknown; NaN then.
template <auto Member>
double known(const RunRecord& run) {
  return run.*Member > 0 ? static_cast<double>(run.*Member) : nan;
}

using enum Metric::Best;
constexpr double megabytes = 1e-6;
constexpr auto train = &RunRecord::train;
constexpr auto eval = &RunRecord::eval;
constexpr auto eval_average = &RunRecord::eval_average;
constexpr std::array all{
    Metric{"iterations", "iterations", 1, 0, none, last<train, &TrainRow::iteration>},
    Metric{"train_cross_entropy", "training cross entropy", 1, 4, lowest,
           late_mean<&TrainRow::cross_entropy>},
    Metric{"train_error_percent", "training error, %", 1, 2, lowest, late_mean<&TrainRow::error_percent>},
    Metric{"eval_cross_entropy", "cross entropy", 1, 4, lowest, last<eval, &EvalRow::cross_entropy>},
    Metric{"eval_error_percent", "error, %", 1, 2, lowest, last<eval, &EvalRow::error_percent>},
    Metric{"average_cross_entropy", "cross entropy, averaged weights", 1, 4, lowest,
           last<eval_average, &EvalRow::cross_entropy>},
    Metric{"average_error_percent", "error, averaged weights, %", 1, 2, lowest,
           last<eval_average, &EvalRow::error_percent>},
    Metric{"images_per_second", "images/s (median)", 1, 0, highest, known<&RunRecord::images_per_second>},
    Metric{"seconds", "seconds", 1, 1, lowest, known<&RunRecord::seconds>},
    Metric{"saved_bytes", "saved, MB", megabytes, 1, lowest, known<&RunRecord::saved_bytes>},
    Metric{"peak_bytes", "peak, MB", megabytes, 1, lowest, known<&RunRecord::peak_bytes>},
    Metric{"resident_bytes", "resident, MB", megabytes, 1, lowest, known<&RunRecord::resident_bytes>}};

}  // namespace

std::span<const Metric> metrics() {
  return all;
}

const Metric& find_metric(std::string_view name, std::string_view origin) {
  const auto found = std::ranges::find(all, name, &Metric::name);
  if (found != all.end()) return *found;
  std::vector<std::string> names;
  for (const Metric& metric : all) names.emplace_back(metric.name);
  throw UsageError("{}: {} is not one of {}", origin, in_quotes(name), join(names));
}

std::vector<const Metric*> usual_metrics(std::span<const RunRecord> runs) {
  std::vector<std::string_view> names{"eval_error_percent"};
  const bool averaged =
      std::ranges::any_of(runs, [](const RunRecord& run) { return !run.eval_average.empty(); });
  if (averaged) names.emplace_back("average_error_percent");
  names.insert(names.end(), {"eval_cross_entropy", "images_per_second", "peak_bytes"});
  std::vector<const Metric*> usual;
  for (const std::string_view name : names) usual.push_back(&find_metric(name, "metric"));
  return usual;
}

Statistic statistic_of(const Metric& metric, std::span<const RunRecord* const> runs) {
  std::vector<double> values;
  for (const RunRecord* run : runs) {
    const double value = metric.of(*run);
    if (!std::isnan(value)) values.push_back(value);
  }
  if (values.empty()) return {0, nan, nan};
  const auto count = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / count;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {values.size(), mean, values.size() < 2 ? nan : std::sqrt(squares / (count - 1))};
}

std::string describe(const Metric& metric, const Statistic& statistic) {
  if (statistic.count == 0) return "-";
  const double mean = metric.scale * statistic.mean, deviation = metric.scale * statistic.deviation;
  if (statistic.count == 1) return fmt::format("{:.{}f}", mean, metric.decimals);
  return fmt::format("{0:.{3}f} ± {1:.{3}f} ({2})", mean, deviation, statistic.count, metric.decimals);
}

std::string describe(const Metric& metric, const RunRecord& run) {
  const RunRecord* const one = &run;
  return describe(metric, statistic_of(metric, {&one, 1}));
}

}  // namespace revnet
