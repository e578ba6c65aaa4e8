#include "report/chart.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "files.h"
#include "xml.h"

namespace revnet {
namespace {

using testing::contains;
using testing::count_of;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

Chart chart_of(std::vector<CurvePair> series) {
  return {"a & b", "iteration", "error (%)", "training", "evaluation", std::move(series)};
}

// Points that fall from 90 to 30.
Points falling(std::size_t count) {
  Points points;
  for (std::size_t i = 0; i < count; ++i) {
    points.x.push_back(static_cast<double>(i + 1));
    points.y.push_back(90 - 60 * static_cast<double>(i + 1) / static_cast<double>(count));
  }
  return points;
}

TEST_CASE("ticks are 1, 2 or 5 times a power of ten") {
  CHECK(ticks(8000, 5) == std::vector<double>{0, 2000, 4000, 6000, 8000});
  CHECK(ticks(80'000, 5) == std::vector<double>{0, 20'000, 40'000, 60'000, 80'000});
  CHECK(ticks(2.3, 6) == std::vector<double>{0, 0.5, 1, 1.5, 2});
  CHECK(ticks(1, 5).back() == doctest::Approx(1));
  CHECK(ticks(7, 2) == std::vector<double>{0, 5});
  for (const double nothing : {0.0, -1.0, 5e-324, nan, infinity})
    CHECK(ticks(nothing, 5) == std::vector<double>{0});
}

TEST_CASE("thinned points are means over a trailing window and include the last row") {
  const Points points{{1, 2, 3, 4, 5}, {10, 20, 30, 40, 60}};
  const Points all = thinned(points, 1, 5);
  CHECK(all.x == points.x);
  CHECK(all.y == points.y);
  const Points means = thinned(points, 2, 2);
  CHECK(means.x == std::vector<double>{1, 4, 5});
  CHECK(means.y == std::vector<double>{10, 35, 50});
  CHECK(thinned(points, 0, 5).y == points.y);
  CHECK(thinned(points, 99, 1).y == std::vector<double>{10, 32});
  CHECK(thinned({}, 5, 600).x.empty());
  CHECK(thinned(falling(80'000), 800, 600).x.size() <= 601);
}

TEST_CASE("values that are not finite are left out of means and leave gaps") {
  const Points points{{1, 2, 3, 4, 5}, {10, nan, 30, infinity, 50}};
  const Points means = thinned(points, 2, 5);
  CHECK(means.y == std::vector<double>{10, 10, 30, 30, 50});
  const Points gaps = thinned({{1, 2, 3}, {1, nan, nan}}, 2, 3);
  CHECK(gaps.y[1] == 1);
  CHECK(std::isnan(gaps.y[2]));
}

TEST_CASE("a chart has axes, lines with titles, markers and a legend") {
  const std::string svg =
      chart_svg(chart_of({{"<one>", falling(8000), falling(16)}, {"two", {}, falling(3)}}));
  CHECK(testing::xml_error(svg) == "");
  for (const char* part :
       {">error (%)</text>", ">iteration</text>", ">4,000</text>", ">8,000</text>", ">&lt;one&gt;</text>",
        "<title>&lt;one&gt;, training: ", "<title>two, evaluation: 30.00 at 3</title>",
        "aria-label=\"a &amp; b. ", "class=\"style1\"", "class=\"style2\"", ">training</text>",
        ">evaluation</text>"}) {
    CAPTURE(part);
    CHECK(contains(svg, part));
  }
  CHECK(count_of(svg, "class=\"dotted\"") == 2);  // one line in the plot, one in the legend
  CHECK(count_of(svg, "class=\"marker\"") == 5);
  CHECK(svg.size() < 20'000);
  CHECK_FALSE(contains(svg, " id="));
}

TEST_CASE("a gap breaks a line, and an isolated point is a dot") {
  const Points points{{1, 2, 3, 4, 5}, {1, 2, nan, 4, infinity}};
  const std::string svg = chart_svg(chart_of({{"run", points, {}}}));
  CHECK(contains(svg, "class=\"alone\""));
  CHECK(contains(svg, "<title>run, training: 4.0000 at 4</title>"));
  CHECK(contains(svg, "run, evaluation: no value"));
  CHECK_FALSE(contains(svg, "nan"));
  CHECK_FALSE(contains(svg, "inf"));
  CHECK(contains(chart_svg(chart_of({{"run", {{7}, {3}}, {}}})), "class=\"alone\""));
}

TEST_CASE("a line that diverges does not flatten the others") {
  Points diverged = falling(20);
  diverged.y.back() = 1e300;
  const std::string svg = chart_svg(chart_of({{"good", falling(20), {}}, {"bad", diverged, {}}}));
  CHECK(testing::xml_error(svg) == "");
  CHECK(contains(svg, ">300</text>"));
  CHECK(contains(svg, "bad, training: 1e+300 at 20"));
  CHECK(svg.size() < 6000);
}

TEST_CASE("a chart without values says so") {
  for (const Chart& chart :
       {chart_of({}), chart_of({{"empty", {}, {}}}), chart_of({{"lost", {{1, 2}, {nan, infinity}}, {}}})}) {
    const std::string svg = chart_svg(chart);
    CHECK(testing::xml_error(svg) == "");
    CHECK(contains(svg, ">no values</text>"));
    CHECK_FALSE(contains(svg, "class=\"alone\""));
  }
  CHECK_FALSE(contains(chart_svg(chart_of({{"zero", {{1, 2}, {0, 0}}, {}}})), ">no values</text>"));
}

TEST_CASE("every style has a colour in light and in dark") {
  const std::string style(chart_style());
  for (std::size_t number = 1; number <= chart_styles; ++number) {
    CHECK(count_of(style, "--style" + std::to_string(number) + ": #") == 2);
    CHECK(count_of(style, "stroke: var(--style" + std::to_string(number) + ")") == 1);
  }
}

}  // namespace
}  // namespace revnet
