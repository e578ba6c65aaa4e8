// The contents of a report, independent of whether it is rendered as text or as a page.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/table.h"
#include "report/metrics.h"
#include "report/run_record.h"
#include "report/tables.h"

namespace revnet {

struct Section {
  std::string title;  // "Table 3"
  std::string about;  // what the table shows
  Table table;
  std::optional<Table> data{};          // the same for programs
  std::vector<std::string> notes{};     // sentences under the table
  std::vector<std::string> commands{};  // commands that would fill its empty cells
};

struct ReportRequest {
  std::vector<std::string> group_by;     // setting keys; empty: everything that varies except the seed
  std::vector<const Metric*> metrics{};  // of the groups; empty: usual_metrics(runs)
};

// Without runs, only Table 2. Otherwise groups (of several runs, or if metrics are asked for), Table 3, runs
// and Table 2; with group_by, only groups and runs.
std::vector<Section> report_sections(const std::vector<BuiltNetwork>& built,
                                     const std::vector<RunRecord>& runs, const ReportRequest& request = {});

// Text contains everything, Markdown omits the commands, and the formats for programs contain only the
// tables, each followed by an empty line, and in LaTeX after a comment with its title.
std::string format_sections(const std::vector<Section>& sections, TableFormat format);

}  // namespace revnet
