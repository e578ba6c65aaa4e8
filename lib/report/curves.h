// The training curves of runs, as charts.
#pragma once

#include <string>
#include <vector>

#include "report/chart.h"
#include "report/run_record.h"

namespace revnet {

// A name for each run, of what it takes to tell them apart: "RevNet-38", "RevNet-38, seed 2"; with the
// directory where settings do not.
std::vector<std::string> short_names(const std::vector<RunRecord>& runs);

// Cross entropy and error of the same runs against the iteration.
struct Curves {
  std::string dataset;  // "CIFAR-10"
  Chart cross_entropy, error;
};

// A pair of charts a data set, or several where it has more runs than a chart has styles. Runs without rows
// are left out.
std::vector<Curves> training_curves(const std::vector<RunRecord>& runs);

}  // namespace revnet
