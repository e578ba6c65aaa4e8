// What a report says, before it takes the form of text or of a page.
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
  std::vector<std::string> commands{};  // that would fill its empty cells
};

struct ReportRequest {
  std::vector<std::string> group_by;     // keys of settings; none: whatever varies but the seed
  std::vector<const Metric*> metrics{};  // of groups; none: usual_metrics()
};

// Groups where there are runs to compare, Table 3, the runs and Table 2; without runs Table 2 alone, and with
// group_by groups and runs.
std::vector<Section> report_sections(const std::vector<BuiltNetwork>& built,
                                     const std::vector<RunRecord>& runs, const ReportRequest& request = {});

// In text all of it, in Markdown without commands; in formats for programs the tables alone, an empty line
// after each.
std::string format_sections(const std::vector<Section>& sections, TableFormat format);

}  // namespace revnet
