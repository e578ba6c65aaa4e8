// Decides which runs fill Table 3. A cell is a network, a data set and a number of iterations. It pools runs
// of the paper's recipe that differ only in their seeds, as far as settings affect results.
#pragma once

#include <string>
#include <vector>

#include "report/run_record.h"

namespace revnet {

struct Place {
  enum class In { cell, cell_when_complete, none };

  In in = In::none;
  std::string reason;  // if none: "training.batch is 50, not 100"
};
// "yes", "not yet" or "no".
std::string_view name(Place::In in);

// The place of each run. The recipe is Config's defaults. Where these leave a choice open (auto), such as the
// engine, a cell takes the choice of most of its complete runs. Of two runs with the same seed, a complete
// one counts before others, then the first.
std::vector<Place> place_runs(const std::vector<RunRecord>& runs);

// The complete runs of a cell.
std::vector<const RunRecord*> runs_of_cell(const std::vector<RunRecord>& runs,
                                           const std::vector<Place>& places, std::string_view network,
                                           Config::Dataset::Name dataset, std::int64_t iterations);

// One sentence per reason, naming the runs that it keeps out of Table 3.
std::vector<std::string> left_out_notes(const std::vector<RunRecord>& runs, const std::vector<Place>& places);

}  // namespace revnet
