// What a run came to, in numbers: one name for each, in options, tables and files.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "report/run_record.h"

namespace revnet {

struct Metric {
  enum class Best { none, lowest, highest };

  std::string_view name;   // "eval_error_percent", in options and files
  std::string_view title;  // "error, %", in tables for people
  double scale;            // from the unit of files to that of the title
  int decimals;            // in tables for people
  Best best;
  double (*of)(const RunRecord& run);  // NaN where the run has none
};

// In the order of the columns of files.
std::span<const Metric> metrics();
// UsageError that begins with `origin` for a name that is none.
const Metric& find_metric(std::string_view name, std::string_view origin);

// What is compared unless others are asked for: evaluation error, cross entropy, speed and memory.
std::vector<const Metric*> usual_metrics();

// Over runs; the sample standard deviation, NaN of fewer than two.
struct Statistic {
  std::size_t count = 0;
  double mean = 0, deviation = 0;
};
// Values that are NaN do not count; without any, the mean is NaN.
Statistic statistic_of(const Metric& metric, std::span<const RunRecord* const> runs);

// "14.53", or of several runs "14.53 ± 0.21 (3)"; "-" of none.
std::string describe(const Metric& metric, const Statistic& statistic);
std::string describe(const Metric& metric, const RunRecord& run);

}  // namespace revnet
