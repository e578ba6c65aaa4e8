#include "report/sections.h"

namespace revnet {

std::vector<Section> report_sections(const std::vector<BuiltNetwork>& built,
                                     const std::vector<RunRecord>& runs) {
  std::vector<Section> sections{{"Table 2",
                                 "the networks; parameters in the paper (millions) and as built",
                                 architecture_table(built),
                                 {},
                                 {}}};
  if (runs.empty()) return sections;
  sections.push_back(
      {"Table 3",
       "test error in percent, in the paper (after 80,000 iterations) and measured after so many "
       "(mean ± standard deviation where there are several runs)",
       error_table(runs), measured_notes(runs), missing_runs(runs)});
  sections.push_back({"Runs",
                      "settings, last error, speed and memory (saved: activations for the backward pass)",
                      run_table(runs),
                      {},
                      {}});
  return sections;
}

bool is_for_programs(TableFormat format) {
  return format == TableFormat::csv || format == TableFormat::latex;
}

std::string format_sections(const std::vector<Section>& sections, TableFormat format) {
  std::string text;
  for (const Section& section : sections) {
    if (is_for_programs(format)) {
      text += section.table.format(format) + "\n";
      continue;
    }
    text += (format == TableFormat::markdown ? "## " : "") + section.title + ": " + section.about + "\n\n";
    text += section.table.format(format) + "\n";
    for (const std::string& note : section.notes) text += note + "\n\n";
    if (section.commands.empty()) continue;
    text += std::string(fill_title) + "\n\n";
    for (const std::string& command : section.commands) text += "    " + command + "\n";
    text += "\n";
  }
  return text;
}

}  // namespace revnet
