#include "report/sections.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "files.h"
#include "report/support.h"

namespace revnet {
namespace {

using testing::contains;
using testing::record;

const std::vector<BuiltNetwork> built{{"revnet38", "basic", "3-3-3", "32, 32-64-112", 464890, 475060}};

std::vector<std::string> titles_of(const std::vector<Section>& sections) {
  std::vector<std::string> titles;
  for (const Section& section : sections) titles.push_back(section.title);
  return titles;
}

TEST_CASE("a report of runs starts with groups, and one without runs has only Table 2") {
  using Titles = std::vector<std::string>;
  CHECK(titles_of(report_sections(built, {})) == Titles{"Table 2"});
  std::vector<RunRecord> runs{record("resnet32", "cifar10", 1, 80'000, 7)};
  const auto one = report_sections(built, runs);
  CHECK(titles_of(one) == Titles{"Table 3", "Runs", "Table 2"});
  const ReportRequest seconds{.group_by = {}, .metrics = {&find_metric("seconds", "test")}};
  CHECK(titles_of(report_sections(built, runs, seconds)).front() == "Groups");
  CHECK(one[0].notes.size() == 1);
  CHECK(one[0].commands.size() == 11);
  runs.push_back(record("resnet32", "cifar10", 2, 80'000, 7));
  CHECK(titles_of(report_sections(built, runs)) == Titles{"Groups", "Table 3", "Runs", "Table 2"});
  CHECK(contains(report_sections(built, runs)[0].about, "differ in nothing but the seed"));
  const auto grouped = report_sections(built, runs, {{"training.batch"}});
  CHECK(titles_of(grouped) == Titles{"Groups", "Runs"});
  CHECK(contains(grouped[0].about, "complete runs that agree in training.batch"));
}

TEST_CASE("errors on a part of the evaluation set are told apart") {
  std::vector<RunRecord> runs{record("resnet32", "cifar10", 1, 8000, 14.53)};
  runs[0].config.evaluation.images = 200;
  const auto notes = [&] {
    std::string all;
    for (const Section& section : report_sections(built, runs)) {
      if (section.title == "Runs") all = join(section.notes);
    }
    return all;
  };
  CHECK(notes().empty());
  runs[0].status = RunStatus::interrupted;
  CHECK(notes() == "Not complete, so with errors on 200 images: runs/x.");
}

TEST_CASE("text has notes and commands, Markdown has notes, CSV and LaTeX have only tables") {
  const auto sections = report_sections(
      built, {record("resnet32", "cifar10", 1, 8000, 14.53), record("resnet32", "cifar10", 2, 8000, 14.53)});
  for (const TableFormat format : {TableFormat::text, TableFormat::markdown}) {
    const std::string prose = format_sections(sections, format);
    CHECK(contains(prose, "Table 3: test error in percent"));
    CHECK(contains(prose, "\n\nMeasured on CIFAR-10 (read from data), 8,000 iterations of the paper"));
    CHECK(contains(
              prose,
              "\n\n    revnet-train cifar10 --arch resnet32\n    revnet-train cifar10 --arch revnet38\n") ==
          (format == TableFormat::text));
  }
  CHECK(contains(format_sections(sections, TableFormat::markdown), "\n## Table 3: "));
  for (const TableFormat format : {TableFormat::csv, TableFormat::latex}) {
    const bool whole_numbers = format == TableFormat::csv;
    std::string tables;
    for (const Section& section : sections) {
      if (!whole_numbers) tables += "% " + section.title + ": " + section.about + "\n";
      tables += (whole_numbers && section.data ? *section.data : section.table).format(format) + "\n";
    }
    CHECK(format_sections(sections, format) == tables);
    CHECK(contains(tables, "14.53 ± 0.00 (2)"));
    CHECK(contains(tables, "14.5300,0,2") == whole_numbers);
  }
}

}  // namespace
}  // namespace revnet
