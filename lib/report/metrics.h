// What a run achieved, in numbers. Each has one name, used in options, tables and files.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "report/run_record.h"

namespace revnet {

struct Metric {
  enum class Best { none, lowest, highest };

  std::string_view name;   // in options and files: "eval_error_percent"
  std::string_view title;  // in tables for people: "error, %"
  double scale;            // from the unit of files to the unit of the title
  int decimals;            // in tables for people
  Best best;
  double (*of)(const RunRecord& run);  // NaN if the run has no value
};

// Training cross entropy and error are means over so many last iterations.
inline constexpr std::int64_t late_iterations = 500;

// In the order of the columns of files.
std::span<const Metric> metrics();
// Throws a UsageError that begins with `origin` if there is no metric of this name.
const Metric& find_metric(std::string_view name, std::string_view origin);

// The default metrics for comparing these runs: evaluation error, also of averaged weights if a run has them,
// cross entropy, speed and memory.
std::vector<const Metric*> usual_metrics(std::span<const RunRecord> runs);

// The statistic of a metric over runs, with the sample standard deviation, which is NaN for fewer than two
// runs.
struct Statistic {
  std::size_t count = 0;
  double mean = 0, deviation = 0;
};
// Ignores values that are NaN; if no other is left, the mean is NaN.
Statistic statistic_of(const Metric& metric, std::span<const RunRecord* const> runs);

// "14.53" for one run, "14.53 ± 0.21 (3)" for several, "-" for none.
std::string describe(const Metric& metric, const Statistic& statistic);
std::string describe(const Metric& metric, const RunRecord& run);

}  // namespace revnet
