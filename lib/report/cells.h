// Which runs fill Table 3. A cell is a network, a data set and a number of iterations; it pools runs of the
// paper's recipe that differ in nothing that acts on a result but their seeds.
#pragma once

#include <string>
#include <vector>

#include "report/run_record.h"

namespace revnet {

struct Place {
  enum class In { cell, cell_when_complete, none };

  In in = In::none;
  std::string reason;  // of none: "training.batch is 50, not 100"
};
// "yes", "not yet", "no".
std::string_view name(Place::In in);

// Of each run. The recipe is what a Config holds without being told otherwise; what it leaves open (auto),
// such as the engine, is what most runs of a cell have. Of two runs with one seed the first counts.
std::vector<Place> place_runs(const std::vector<RunRecord>& runs);

// Runs of a cell that are complete.
std::vector<const RunRecord*> runs_of_cell(const std::vector<RunRecord>& runs,
                                           const std::vector<Place>& places, std::string_view network,
                                           Config::Dataset::Name dataset, std::int64_t iterations);

// A sentence a reason, with the runs that it keeps out of Table 3.
std::vector<std::string> left_out_notes(const std::vector<RunRecord>& runs, const std::vector<Place>& places);

}  // namespace revnet
