#include "report/sections.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "report/groups.h"

namespace revnet {
namespace {

Section group_section(const std::vector<RunRecord>& runs, const ReportRequest& request) {
  const std::vector<const Metric*> metrics = request.metrics.empty() ? usual_metrics(runs) : request.metrics;
  const Grouping grouping = group_runs(runs, request.group_by);
  return {.title = "Groups",
          .about = fmt::format("complete runs that {}: mean ± standard deviation (number of runs){}",
                               request.group_by.empty() ? "differ in nothing but the seed"
                                                        : "agree in " + join(request.group_by, ", "),
                               metrics.front()->best == Metric::Best::none
                                   ? ""
                                   : fmt::format("; a star marks the best by {}, if all have the same images",
                                                 metrics.front()->title)),
          .table = group_table(grouping, metrics),
          .data = group_data(grouping, metrics),
          .notes = grouping.notes};
}

Section error_section(const std::vector<RunRecord>& runs, const std::vector<Place>& places) {
  Section section{.title = "Table 3",
                  .about =
                      "test error in percent: the paper's after 80,000 iterations (quoted from memory; two "
                      "public reruns are within 1.3 points), and measured after the given "
                      "number (mean ± standard deviation where there are several seeds)",
                  .table = error_table(runs, places),
                  .notes = measured_notes(runs, places),
                  .commands = missing_runs(runs, places)};
  for (std::string& note : left_out_notes(runs, places)) section.notes.push_back(std::move(note));
  return section;
}

Section run_section(const std::vector<RunRecord>& runs, const std::vector<Place>& places) {
  std::vector<std::string> directories, in_table_3, reasons;
  for (const RunRecord& run : runs) directories.push_back(run.directory.string());
  for (const Place& place : places) {
    in_table_3.emplace_back(name(place.in));
    reasons.push_back(place.reason.empty() ? in_table_3.back()
                                           : fmt::format("{}: {}", name(place.in), place.reason));
  }
  const bool some =
      std::ranges::any_of(places, [](const Place& place) { return place.in != Place::In::none; });
  if (!some) in_table_3.clear();
  std::vector<std::string> notes;
  if (std::ranges::any_of(runs, &RunRecord::measured_angle)) {
    notes.emplace_back(
        "The memory of runs that measured the gradient angle is left out, because they keep activations in "
        "every way that they compare; their time, and their speed if they measured it in every row of the "
        "log, include these measurements.");
  }
  std::map<std::int64_t, std::vector<std::string>> partly;  // by the images that an evaluation is of
  for (const RunRecord& run : runs) {
    const std::int64_t images = run.config.evaluation.images;
    if (images > 0 && !run.complete() && !run.eval.empty()) partly[images].push_back(run.directory.string());
  }
  for (const auto& [images, names] : partly) {
    notes.push_back(fmt::format("Not complete, so with errors on {} images: {}.", images, join(names)));
  }
  return {.title = "Runs",
          .about = "what varies between them, status, last evaluation, speed, memory and time",
          .table = run_table(runs, in_table_3),
          .data = run_data("run", directories, runs, varying_keys(runs), reasons),
          .notes = std::move(notes)};
}

}  // namespace

std::vector<Section> report_sections(const std::vector<BuiltNetwork>& built,
                                     const std::vector<RunRecord>& runs, const ReportRequest& request) {
  std::vector<Section> sections;
  const bool own_question = !request.group_by.empty();
  const std::vector<Place> places = place_runs(runs);
  const bool own_metrics = !request.metrics.empty() && !runs.empty();
  if (own_question || own_metrics || runs.size() > 1) sections.push_back(group_section(runs, request));
  if (!own_question && !runs.empty()) sections.push_back(error_section(runs, places));
  if (!runs.empty()) sections.push_back(run_section(runs, places));
  if (own_question) return sections;
  sections.push_back({.title = "Table 2",
                      .about = "the networks; parameters in the paper (millions) and as built",
                      .table = architecture_table(built)});
  return sections;
}

std::string format_sections(const std::vector<Section>& sections, TableFormat format) {
  std::string text;
  for (const Section& section : sections) {
    if (format == TableFormat::csv || format == TableFormat::latex) {
      if (format == TableFormat::latex) text += fmt::format("% {}: {}\n", section.title, section.about);
      const bool has_data = format == TableFormat::csv && section.data.has_value();
      text += (has_data ? *section.data : section.table).format(format) + "\n";
      continue;
    }
    const char* mark = format == TableFormat::markdown ? "## " : "";
    text += fmt::format("{}{}: {}\n\n{}\n", mark, section.title, section.about, section.table.format(format));
    for (const std::string& note : section.notes) text += note + "\n\n";
    if (section.commands.empty() || format != TableFormat::text) continue;
    text += "To fill its empty cells for the paper's schedule:\n\n";
    for (const std::string& command : section.commands) text += "    " + command + "\n";
    text += "\n";
  }
  return text;
}

}  // namespace revnet
