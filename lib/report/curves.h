// The training curves of runs as charts.
#pragma once

#include <string>
#include <vector>

#include "report/chart.h"
#include "report/run_record.h"

namespace revnet {

// A name for each run, with just the settings that distinguish it: "RevNet-38", "RevNet-38, seed 2". Adds the
// directory if settings do not suffice.
std::vector<std::string> short_names(const std::vector<RunRecord>& runs);

// Cross entropy and error of the same runs, against the iteration.
struct Curves {
  std::string dataset;  // "CIFAR-10"
  Chart cross_entropy, error;
};

// A pair of charts for each data set, or several pairs if it has more runs than a chart has styles. Skips
// runs without rows.
std::vector<Curves> training_curves(const std::vector<RunRecord>& runs);

}  // namespace revnet
