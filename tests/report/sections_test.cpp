#include "report/sections.h"

#include <doctest/doctest.h>

#include "files.h"
#include "report/support.h"

namespace revnet {
namespace {

using testing::contains;
using testing::record;

const std::vector<BuiltNetwork> built{{"revnet38", "basic", "3-3-3", "32, 32-64-112", 464890, 475060}};

TEST_CASE("a report of runs has three sections, of none Table 2 alone") {
  CHECK(report_sections(built, {}).size() == 1);
  const auto sections = report_sections(built, {record("resnet32", "cifar10", 1, 80'000, 7)});
  REQUIRE(sections.size() == 3);
  CHECK(sections[1].title == "Table 3");
  CHECK(sections[1].notes.size() == 1);
  CHECK(sections[1].commands.size() == 11);
}

TEST_CASE("text and Markdown hold notes and commands, csv and LaTeX the tables alone") {
  const auto sections = report_sections(built, {record("resnet32", "cifar10", 1, 8000, 14.53)});
  for (const TableFormat format : {TableFormat::text, TableFormat::markdown}) {
    CHECK_FALSE(is_for_programs(format));
    const std::string prose = format_sections(sections, format);
    CHECK(contains(prose, "Table 3: test error in percent"));
    CHECK(contains(prose, "\n\nMeasured on CIFAR-10 (read from data), 8,000 iterations of 100 images"));
    CHECK(contains(
        prose, "\n\n    revnet-train cifar10 --arch resnet32\n    revnet-train cifar10 --arch revnet38\n"));
  }
  CHECK(contains(format_sections(sections, TableFormat::markdown), "\n## Table 3: "));
  for (const TableFormat format : {TableFormat::csv, TableFormat::latex}) {
    CHECK(is_for_programs(format));
    std::string tables;
    for (const Section& section : sections) tables += section.table.format(format) + "\n";
    CHECK(format_sections(sections, format) == tables);
  }
}

}  // namespace
}  // namespace revnet
