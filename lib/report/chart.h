// A small line chart as inline SVG, for a page that carries chart_style() and says in --paper what colour
// lies behind: no script, no ids, and colours as CSS variables, for light and dark. Lines differ in colour
// and in their markers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace revnet {

// As many x as y. A point that is not finite leaves a gap.
struct Points {
  std::vector<double> x, y;
};

// Two lines of one colour, such as training and evaluation of one run; either may be empty.
struct CurvePair {
  std::string name;
  Points dotted, solid;
};

struct Chart {
  std::string title;          // for those who cannot see it
  std::string x, y;           // axes, with their units; x counts something, so its ticks are whole numbers
  std::string dotted, solid;  // what these lines are
  std::vector<CurvePair> series;
};

// Colours and markers repeat after so many series.
inline constexpr std::size_t chart_styles = 8;

// Both axes begin at 0; what lies below is not seen. The y axis ends where all lines fit, but at four times
// what nine tenths of the points stay below: a line that diverges leaves at the top and does not flatten the
// others.
std::string chart_svg(const Chart& chart);
// For a <style> element.
std::string_view chart_style();

// At most `limit` points and the last one: each kept value is the mean of the finite ones among the `window`
// points that end there. A point with none is not finite.
Points thinned(const Points& points, std::size_t window, std::size_t limit);

// 0, the step, twice the step ... not beyond top: the smallest step of 1, 2 or 5 times a power of ten that
// makes no more than `most` steps.
std::vector<double> ticks(double top, int most);

}  // namespace revnet
