// A small line chart as inline SVG. The page must include chart_style() and set --paper to its background
// colour. The SVG needs no scripts or ids, and its colours are CSS variables, for light and dark. Lines
// differ in colour and in marker.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace revnet {

// x and y have the same length. A point that is not finite leaves a gap.
struct Points {
  std::vector<double> x, y;
};

// Two lines in one colour, such as training and evaluation of one run. Either may be empty.
struct CurvePair {
  std::string name;
  Points dotted, solid;
};

struct Chart {
  std::string title;          // text alternative for those who cannot see the chart
  std::string x, y;           // axis titles with units; x is a count, so its ticks are whole numbers
  std::string dotted, solid;  // what the dotted and the solid lines show
  std::vector<CurvePair> series;
};

// Colours and markers repeat after this many series.
inline constexpr std::size_t chart_styles = 8;

// Both axes begin at 0, and anything below is cut off. The y axis covers all lines, but at most four times
// the 90 % quantile of the points: a line that diverges leaves the chart at the top instead of flattening the
// others.
std::string chart_svg(const Chart& chart);
// The content for a <style> element.
std::string_view chart_style();

// At most `limit` points plus the last one. Each kept point is the mean of the finite values among the
// `window` points that end there; it is not finite if there are none.
Points thinned(const Points& points, std::size_t window, std::size_t limit);

// Multiples of a step from 0 to at most `top`. The step is the smallest of 1, 2 or 5 times a power of ten
// that gives at most `most` steps.
std::vector<double> ticks(double top, int most);

}  // namespace revnet
