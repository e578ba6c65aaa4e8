// Runs set side by side by what varies between them: a group for each combination of settings, over whose
// seeds what was measured is averaged.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/table.h"
#include "report/metrics.h"
#include "report/run_record.h"

namespace revnet {

// Settings in which some two runs differ and that act on anything, in the order of the table of settings.
std::vector<std::string> varying_keys(const std::vector<RunRecord>& runs);

// Of these keys, the ones it takes to tell runs apart: a key that follows from those before it, as a learning
// rate may from the batch, is left out.
std::vector<std::string> telling_keys(const std::vector<RunRecord>& runs,
                                      const std::vector<std::string>& keys);

// "learning rate"; the whole key where that is what several settings are called.
std::string heading(const std::string& key);

struct Group {
  std::vector<std::string> values;        // of the keys
  std::vector<const RunRecord*> members;  // complete ones
  std::size_t runs = 0;                   // with those that are not complete
};

struct Grouping {
  std::vector<std::string> keys;
  std::vector<Group> groups;
  std::vector<std::string> notes;  // sentences: what is left out, and what else differs within a group
};

// By these keys, or without any by whatever varies but the seed. Of runs with all settings the same, one
// counts. The runs must outlive the result. UsageError for a key that is no setting.
Grouping group_runs(const std::vector<RunRecord>& runs, std::vector<std::string> keys);

// A line a group: settings, runs, and "14.53 ± 0.21 (3)" for each metric; a star marks the group that is best
// by the first of them.
Table group_table(const Grouping& grouping, const std::vector<const Metric*>& metrics);

// The same for programs: of each metric a column for mean, deviation and number of runs.
Table group_data(const Grouping& grouping, const std::vector<const Metric*>& metrics);

// A line a run: the settings that vary, status, metrics and, unless it is empty, what place_runs
// (report/cells.h) says. The
// second is for programs: under the runs' names and this title, with whole keys and units as in files.
Table run_table(const std::vector<RunRecord>& runs, const std::vector<std::string>& in_table_3 = {});
Table run_data(const std::string& title, const std::vector<std::string>& names,
               const std::vector<RunRecord>& runs, const std::vector<std::string>& in_table_3 = {});

}  // namespace revnet
