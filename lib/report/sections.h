// What a report says, before it takes the form of text or of a page.
#pragma once

#include <string>
#include <vector>

#include "base/table.h"
#include "report/run_record.h"
#include "report/tables.h"

namespace revnet {

struct Section {
  std::string title;  // "Table 3"
  std::string about;  // what the table shows
  Table table;
  std::vector<std::string> notes;     // sentences under the table
  std::vector<std::string> commands;  // that would fill its empty cells; see fill_title
};

// What stands above the commands.
inline constexpr std::string_view fill_title = "To fill its empty cells for the paper's schedule:";

// Table 2, and with runs Table 3 and the runs themselves.
std::vector<Section> report_sections(const std::vector<BuiltNetwork>& built,
                                     const std::vector<RunRecord>& runs);

// In text and Markdown all of it; in formats for programs the tables alone, an empty line after each.
std::string format_sections(const std::vector<Section>& sections, TableFormat format);
// Whether that leaves out notes and commands.
bool is_for_programs(TableFormat format);

}  // namespace revnet
