#include "base/table.h"

#include <stdexcept>

#include <doctest/doctest.h>

#include "base/error.h"
#include "xml.h"

namespace revnet {
namespace {

Table example() {
  Table table({"network", "ms", "note"});
  table.add({"revnet38", "9.5", "a, b"});
  table.add({"resnet110", "-", "say \"no\""});
  table.add({"r\u00e9seau", "-120.25", ""});
  return table;
}

TEST_CASE("a text table aligns its columns, numbers to the right") {
  CHECK(example().format(TableFormat::text) ==
        "network         ms  note\n"
        "revnet38       9.5  a, b\n"
        "resnet110        -  say \"no\"\n"
        "r\u00e9seau     -120.25\n");
}

TEST_CASE("a CSV table quotes the cells that need it") {
  CHECK(example().format(TableFormat::csv) ==
        "network,ms,note\n"
        "revnet38,9.5,\"a, b\"\n"
        "resnet110,,\"say \"\"no\"\"\"\n"
        "r\u00e9seau,-120.25,\n");
}

TEST_CASE("a Markdown table escapes bars") {
  Table table({"job", "n"});
  table.add({"a|b", "3"});
  CHECK(table.format(TableFormat::markdown) == "| job | n |\n|---|---:|\n| a\\|b | 3 |\n");
}

TEST_CASE("a LaTeX table escapes TeX's special characters") {
  Table table({"job", "error %"});
  table.add({"[a_b] & c^~\\", "3"});
  CHECK(table.format(TableFormat::latex) ==
        "\\begin{tabular}{lr}\n\\toprule\njob & error \\% \\\\\n\\midrule\n"
        "{[}a\\_b] \\& c\\textasciicircum{}\\textasciitilde{}\\textbackslash{} & 3 "
        "\\\\\n\\bottomrule\n\\end{tabular}\n");
}

TEST_CASE("an HTML table has headings, aligns numbers and escapes markup") {
  Table table({"run & job", "ms"});
  table.add({"<b>\"a\"", "9.5"});
  table.add({"it's", "-"});
  CHECK(table.html() ==
        "<table>\n<thead>\n"
        "<tr><th scope=\"col\">run &amp; job</th><th scope=\"col\" class=\"number\">ms</th></tr>\n"
        "</thead>\n<tbody>\n"
        "<tr><th scope=\"row\">&lt;b&gt;&quot;a&quot;</th><td class=\"number\">9.5</td></tr>\n"
        "<tr><th scope=\"row\">it&#39;s</th><td class=\"number\">-</td></tr>\n"
        "</tbody>\n</table>\n");
  CHECK(testing::xml_error(table.html()) == "");
  CHECK(testing::xml_error(Table({"alone"}).html()) == "");
}

TEST_CASE("a row must have as many cells as the header") {
  Table table({"one", "two"});
  CHECK(table.empty());
  CHECK_THROWS_AS(table.add({"1"}), std::logic_error);
  CHECK(table.empty());
}

TEST_CASE("numbers are formatted with fixed decimals") {
  CHECK(format_fixed(1.005, 1) == "1.0");
  CHECK(format_fixed(-0.25, 2) == "-0.25");
  CHECK(format_fixed(1234.5678, 0) == "1235");
}

TEST_CASE("a table format has a name") {
  CHECK(table_format("text") == TableFormat::text);
  CHECK(table_format("csv") == TableFormat::csv);
  CHECK_THROWS_AS(table_format("html"), UsageError);
}

}  // namespace
}  // namespace revnet
