// Compares runs by the settings that vary between them. Each combination of settings forms a group, whose
// measurements are averaged over seeds.
#pragma once

#include <string>
#include <vector>

#include "base/table.h"
#include "report/metrics.h"
#include "report/run_record.h"

namespace revnet {

// The settings in which any two runs differ and which have an effect, in the order of the table of settings.
std::vector<std::string> varying_keys(const std::vector<RunRecord>& runs);
// Those of these settings that separate groups: not the seed, and none that only changes which rows a log
// has.
std::vector<std::string> separating_keys(std::vector<std::string> keys);

// The keys needed to tell the runs apart: drops each key that is determined by those before it, as a learning
// rate may be by the batch.
std::vector<std::string> telling_keys(const std::vector<RunRecord>& runs,
                                      const std::vector<std::string>& keys);

// "learning rate", or the whole key if several settings share that name.
std::string heading(const std::string& key);

struct Group {
  std::vector<std::string> values;        // of the grouping's keys
  std::vector<const RunRecord*> members;  // complete runs only
  std::size_t runs = 0;                   // including incomplete ones
};

struct Grouping {
  std::vector<std::string> keys;
  std::vector<Group> groups;
  std::vector<std::string> notes;  // sentences: what is left out, and what else differs within a group
};

// Groups by these keys or, if there are none, by everything that varies except the seed, and always by the
// images and the ranks (RunRecord). Of runs with identical settings, only one counts. The runs must
// outlive the result. Throws UsageError for a key that is not a setting.
Grouping group_runs(const std::vector<RunRecord>& runs, std::vector<std::string> keys);

// One line per group: settings, runs, and "14.53 ± 0.21 (3)" for each metric. A star marks the best group by
// the first metric.
Table group_table(const Grouping& grouping, const std::vector<const Metric*>& metrics);

// The same for programs: each metric has columns for mean, deviation and number of runs.
Table group_data(const Grouping& grouping, const std::vector<const Metric*>& metrics);

// One line per run: the settings that vary, status, metrics and, if given, what place_runs() (report/cells.h)
// says. run_data() is for programs: it lists the runs' names under `title` and the settings with these keys,
// and uses the units of files.
Table run_table(const std::vector<RunRecord>& runs, const std::vector<std::string>& in_table_3 = {});
Table run_data(const std::string& title, const std::vector<std::string>& names,
               const std::vector<RunRecord>& runs, const std::vector<std::string>& keys,
               const std::vector<std::string>& in_table_3 = {});

}  // namespace revnet
