#include "report/page.h"

#include <doctest/doctest.h>

#include "files.h"
#include "report/support.h"
#include "xml.h"

namespace revnet {
namespace {

using testing::contains;
using testing::count_of;
using testing::record;

const std::vector<BuiltNetwork> built{{"revnet38", "basic", "3-3-3", "32, 32-64-112", 464890, 475060}};

std::string page_of(const std::vector<RunRecord>& runs) {
  return report_page(report_sections(built, runs), runs);
}

TEST_CASE("a page has groups first, then tables and curves, and no commands") {
  const std::string page =
      page_of({record("resnet32", "cifar10", 1, 8000, 14.53), record("revnet38", "cifar100", 2, 80'000, 29)});
  CHECK(testing::xml_error(page) == "");
  CHECK(page.substr(0, 15) == "<!DOCTYPE html>");
  for (const char* part : {"<h2>Table 2</h2>", "<td class=\"number\">464,890</td>", "<h2>Table 3</h2>",
                           "<th scope=\"row\">RevNet-164</th>", "<td class=\"number\">14.53</td>",
                           "<p>Measured on CIFAR-10 (read from data), 8,000 iterations", "<h2>Groups</h2>",
                           "<h2>Runs</h2>", "<h3>CIFAR-10</h3>", "<h3>CIFAR-100</h3>", "<html lang=\"en\"",
                           "name=\"viewport\"", "<title>RevNet"}) {
    CAPTURE(part);
    CHECK(contains(page, part));
  }
  CHECK(page.find("<h2>Groups</h2>") < page.find("<h2>Table 3</h2>"));
  CHECK_FALSE(contains(page, "revnet-train"));
  CHECK(count_of(page, "class=\"chart\"") == 4);
  CHECK(count_of(page, "<table>") == 4);
}

// What a browser needs to show whole what is wider than its window, which a table of many settings is.
TEST_CASE("whatever is wide scrolls by itself on a page that is as wide as its window") {
  std::vector<RunRecord> runs;
  for (int i = 0; i < 4; ++i) {
    runs.push_back(record(i % 2 == 0 ? "resnet32" : "revnet38", "cifar100", 1 + i / 2, 10, 99));
    runs.back().config.training.learning_rate = 0.1 / (1 + i);
    runs.back().directory = "runs/" + std::string(200, 'x') + std::to_string(i);
  }
  const std::string page = page_of(runs);
  for (const char* rule :
       {"\n.scroll { overflow-x: auto;", "\nbody { margin: 0 auto; max-width: ",
        "\np { max-width: 46rem; margin: 0.5rem 0; overflow-wrap: anywhere; }",
        "\ntbody th { font-weight: normal; white-space: normal; overflow-wrap: anywhere;"}) {
    CAPTURE(rule);
    CHECK(contains(page, rule));
  }
  CHECK(count_of(page, "<table>") == 4);
  std::size_t columns = 0;
  for (std::size_t at = page.find("<table>"); at != std::string::npos; at = page.find("<table>", at + 1)) {
    const std::size_t container = page.rfind("<div", at);
    CHECK(page.substr(container, 19) == "<div class=\"scroll\"");
    CHECK(page.find("</div>", container) > at);
    const std::string head = page.substr(at, page.find("</thead>", at) - at);
    columns = std::max(columns, count_of(head, "<th "));
  }
  CHECK(columns > 4);
  CHECK(columns <= 16);  // of a few rem each
}

TEST_CASE("a page loads nothing and runs nothing") {
  const std::string page = page_of({record("resnet32", "cifar10", 1, 8000, 14.53)});
  for (const char* part : {"<script", "<link", "<img", "src=", "url(", "@import", "@font-face"}) {
    CAPTURE(part);
    CHECK_FALSE(contains(page, part));
  }
  CHECK(contains(page, "default-src 'none'"));
}

TEST_CASE("names from outside appear on a page as plain text") {
  RunRecord run = record("resnet32", "cifar10", 1, 8000, 14.53), twin = run;
  run.directory = "runs/<script>alert('1')</script>&\xff\x01";
  run.config.dataset.directory = "\"><b>";
  const std::string page = page_of({run, twin});
  CHECK(testing::xml_error(page) == "");
  CHECK_FALSE(contains(page, "<script>"));
  CHECK_FALSE(contains(page, "<b>"));
  CHECK(contains(page, "runs/&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;??"));
}

TEST_CASE("a page without runs and one of runs without rows are well-formed") {
  const std::string alone = page_of({});
  CHECK(testing::xml_error(alone) == "");
  CHECK(count_of(alone, "<table>") == 1);
  RunRecord begun = record("revnet38", "cifar10", 1, 8000, 0);
  begun.status = RunStatus::running;
  begun.train.clear();
  begun.eval.clear();
  const std::string page = page_of({begun});
  CHECK(testing::xml_error(page) == "");
  CHECK(count_of(page, "<table>") == 3);
  CHECK(contains(page, "<td>running</td>"));
  CHECK(contains(page, "Left out, since it is not complete (running): runs/x."));
  CHECK_FALSE(contains(page, "class=\"chart\""));
}

TEST_CASE("the XML checker finds what a parser would find") {
  for (const char* wrong :
       {"", "text", "<a>", "<a></b>", "<a/><b/>", "<a b></a>", "<a b=c></a>", "<a b=\"1\" b=\"2\"/>",
        "<a b=\"<\"/>", "<a>&</a>", "<a>&nbsp;</a>", "<a b=\"1\"c=\"2\"/>", "<a", "<a/>text"}) {
    CAPTURE(wrong);
    CHECK(testing::xml_error(wrong) != "");
  }
  CHECK(testing::xml_error("<!DOCTYPE html>\n<a b=\"1\" c=\"&amp;\">x &lt; &#39;<br/></a>\n") == "");
}

}  // namespace
}  // namespace revnet
