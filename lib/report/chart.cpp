#include "report/chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/quantile.h"
#include "base/table.h"
#include "base/text.h"
#include "base/utf8.h"

namespace revnet {
namespace {

// Units of the viewBox, about the width of a phone in pixels, so that text stays legible there.
constexpr double width = 480, plot_left = 46, plot_right = 470, plot_top = 30, plot_bottom = 270;
constexpr double margin = 6;  // around the plot, for markers at its edges
constexpr double axis_title_y = 308, legend_y = 332, legend_row = 18, letter = 6.6, swatch = 38;
constexpr std::size_t most_points = 600, solid_markers = 20, dotted_markers = 4;

// One marker per style, drawn around a point as the rest of an SVG path.
constexpr std::array<std::string_view, chart_styles> markers{"m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0",  // circle
                                                             "m-2.7-2.7h5.4v5.4h-5.4z",            // square
                                                             "m0-3.8l3.6 6.4h-7.2z",               // triangle
                                                             "m0-4l4 4l-4 4l-4-4z",                // diamond
                                                             "m0 3.8l3.6-6.4h-7.2z",  // triangle upside down
                                                             "m-3.5-3.5l7 7m0-7l-7 7",  // cross
                                                             "m-4 0h8m-4-4v8",          // plus
                                                             "m-1.5-4h3v8h-3z"};        // bar

// Maps values to the viewBox.
struct Frame {
  double x_top = 1, y_top = 1;
  bool empty = true;

  double x(double value) const { return plot_left + (plot_right - plot_left) * value / x_top; }
  // Clamps to what is visible, so that even 1e300 gives a valid coordinate.
  double y(double value) const {
    const double share = std::clamp(value / y_top, -0.5, 1.5);
    return plot_bottom - (plot_bottom - plot_top) * share;
  }
  bool shows(double value) const { return value >= 0 && value <= y_top; }
};

bool is_finite(const Points& points, std::size_t i) {
  return std::isfinite(points.x[i]) && std::isfinite(points.y[i]);
}

std::string at(double x, double y) {
  return fmt::format("{:.1f} {:.1f}", x, y);
}

// Squeezes text that would be wider than `most`.
std::string text_at(double x, double y, std::string_view anchor, const std::string& text,
                    double most = width) {
  const bool squeezed = letter * static_cast<double>(text.size()) > most;
  const std::string squeeze =
      squeezed ? fmt::format(R"( lengthAdjust="spacingAndGlyphs" textLength="{:.1f}")", most) : "";
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor,
                     squeeze, escape_xml(text));
}

std::string style_class(std::size_t series) {
  return fmt::format("style{}", series % chart_styles + 1);
}

Frame frame_of(const Chart& chart) {
  std::vector<double> values;
  double x_top = 0;
  for (const CurvePair& series : chart.series) {
    for (const Points* points : {&series.dotted, &series.solid}) {
      for (std::size_t i = 0; i < points->x.size(); ++i) {
        if (!is_finite(*points, i)) continue;
        values.push_back(points->y[i]);
        x_top = std::max(x_top, points->x[i]);
      }
    }
  }
  Frame frame;
  if (x_top > 0) frame.x_top = x_top;
  if (values.empty()) return frame;
  frame.empty = false;
  const double largest = std::ranges::max(values), usual = 4 * quantile(values, 0.9);
  const double top = usual > 0 ? std::min(largest, usual) : largest;
  if (top > 0) frame.y_top = 1.04 * top;
  return frame;
}

std::string scientific(double value) {
  return fmt::format("{:.3g}", value);
}

// "2,000", "0.5": as many decimals as the step needs.
std::string tick_label(double value, double step) {
  if (value >= 1e9 || step < 1e-4) return scientific(value);
  if (step >= 1) return format_grouped(std::llround(value));
  return format_fixed(value, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
}

std::string axes(const Chart& chart, const Frame& frame) {
  std::string grid, labels;
  const std::vector<double> ys = ticks(frame.y_top, 6);
  for (const double y : ys) {
    grid += fmt::format("M{}H{:.1f}", at(plot_left, frame.y(y)), plot_right);
    labels += text_at(plot_left - 6, frame.y(y) + 4, "end", tick_label(y, ys.size() > 1 ? ys[1] : 1));
  }
  for (const double x : ticks(frame.x_top, 5)) {
    if (x != std::floor(x)) continue;
    grid += "M" + at(frame.x(x), plot_bottom) + "v5";
    const bool at_edge = frame.x(x) > plot_right - 15;
    labels += text_at(frame.x(x), plot_bottom + 19, at_edge ? "end" : "middle", tick_label(x, 1));
  }
  return "<path class=\"grid\" d=\"" + grid + "\"/>\n" + labels + text_at(8, 16, "start", chart.y) +
         text_at((plot_left + plot_right) / 2, axis_title_y, "middle", chart.x);
}

// SVG paths: one through the points, and one for isolated points between gaps, which are drawn as lines of
// zero length whose round ends make them dots.
struct Paths {
  std::string lines, alone;
};

Paths paths_of(const Points& points, const Frame& frame) {
  Paths paths;
  for (std::size_t i = 0; i < points.x.size(); ++i) {
    if (!is_finite(points, i)) continue;
    const bool begins = i == 0 || !is_finite(points, i - 1);
    const bool ends = i + 1 == points.x.size() || !is_finite(points, i + 1);
    const std::string point = at(frame.x(points.x[i]), frame.y(points.y[i]));
    if (begins && ends) {
      paths.alone += "M" + point + "h0";
    } else {
      paths.lines += (begins ? "M" : "L") + point;
    }
  }
  return paths;
}

// Counts markers back from the end, because the last point of an evaluation is the result.
std::string markers_of(const Points& points, const Frame& frame, std::size_t style, std::size_t first,
                       std::size_t step) {
  std::string path;
  for (std::size_t back = first; back < points.x.size(); back += step) {
    const std::size_t i = points.x.size() - 1 - back;
    if (!is_finite(points, i) || !frame.shows(points.y[i])) continue;
    path += "M" + at(frame.x(points.x[i]), frame.y(points.y[i])) + std::string(markers[style]);
  }
  return path;
}

// "RevNet-38, evaluation: 0.4159 at 8,000".
std::string line_title(const std::string& name, const std::string& what, const Points& points) {
  std::string last = "no value";
  for (std::size_t i = points.x.size(); i-- > 0;) {
    if (!is_finite(points, i)) continue;
    const double y = points.y[i], size = std::abs(y);
    last = size < 1e6 ? format_fixed(y, size < 10 ? 4 : 2) : scientific(y);
    last += " at " + tick_label(points.x[i], 1);
    break;
  }
  return join({name, what}) + ": " + last;
}

std::string line_element(const std::string& kind, const std::string& title, const std::string& path) {
  if (path.empty()) return "";
  return fmt::format("<path class=\"{}\" d=\"{}\"><title>{}</title></path>\n", kind, path, escape_xml(title));
}

std::string series_element(const Chart& chart, const Frame& frame, std::size_t number) {
  const CurvePair& series = chart.series[number];
  const std::size_t style = number % chart_styles;
  const auto element = [&](const char* kind, const std::string& what, const Points& points,
                           std::size_t first_marker, std::size_t marker_step) {
    const std::string title = line_title(series.name, what, points);
    const Paths paths = paths_of(points, frame);
    return line_element(kind, title, paths.lines) + line_element("alone", title, paths.alone) +
           line_element("marker", title, markers_of(points, frame, style, first_marker, marker_step));
  };
  // Averages over a trailing hundredth, about as many rows as the eye takes for one point.
  const Points dotted = thinned(series.dotted, series.dotted.x.size() / 100, most_points);
  const Points solid = thinned(series.solid, 1, most_points);
  // Dotted lines lie close together, so they get few markers, each line at different places.
  const std::size_t dotted_step = dotted.x.size() / dotted_markers + 1;
  return "<g class=\"" + style_class(number) + "\">\n" +
         element("dotted", chart.dotted, dotted, dotted_step * (style + 1) / (chart_styles + 1),
                 dotted_step) +
         element("solid", chart.solid, solid, 0, solid.x.size() / solid_markers + 1) + "</g>\n";
}

// First the two kinds of line, then the series below them, side by side while they fit.
class Legend {
 public:
  // Adds a sample line of that kind, with a marker in its middle unless `marker` is null.
  void add(const std::string& style, const char* kind, const std::string_view* marker,
           const std::string& label) {
    const double length = swatch + letter * static_cast<double>(label.size());
    if (x_ > plot_left && x_ + length > width) begin_row();
    svg_ += fmt::format("<g class=\"{}\"><path class=\"{}\" d=\"M{}h24\"/>", style, kind, at(x_, y_));
    if (marker != nullptr) {
      svg_ += "<path class=\"marker\" d=\"M" + at(x_ + 12, y_) + std::string(*marker) + "\"/>";
    }
    svg_ += "</g>\n" + text_at(x_ + swatch - 8, y_ + 4, "start", label, width - x_ - swatch);
    x_ += length + 12;
  }
  void begin_row() {
    x_ = plot_left;
    y_ += legend_row;
  }
  const std::string& svg() const { return svg_; }
  double bottom() const { return y_ + legend_row / 2; }

 private:
  double x_ = plot_left, y_ = legend_y;
  std::string svg_;
};

Legend legend_of(const Chart& chart) {
  Legend legend;
  legend.add("neutral", "dotted", nullptr, chart.dotted);
  legend.add("neutral", "solid", nullptr, chart.solid);
  legend.begin_row();
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    legend.add(style_class(i), "solid", &markers[i % chart_styles], chart.series[i].name);
  }
  return legend;
}

}  // namespace

std::vector<double> ticks(double top, int most) {
  const double rough = top / most;
  if (!std::isnormal(rough) || rough < 0) return {0};
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0}) {
    if (factor * power >= rough * (1 - 1e-9)) step = factor * power;
  }
  std::vector<double> result;
  for (int i = 0; i * step <= top * (1 + 1e-9); ++i) result.push_back(i * step);
  return result;
}

Points thinned(const Points& points, std::size_t window, std::size_t limit) {
  Points result;
  const std::size_t count = points.x.size(), step = limit == 0 ? count : (count + limit - 1) / limit;
  for (std::size_t i = 0; i < count; ++i) {
    if (i % step != 0 && i + 1 != count) continue;
    double sum = 0;
    int finite = 0;
    for (std::size_t row = i + 1 - std::min(std::max<std::size_t>(window, 1), i + 1); row <= i; ++row) {
      if (!is_finite(points, row)) continue;
      sum += points.y[row];
      ++finite;
    }
    result.x.push_back(points.x[i]);
    result.y.push_back(finite == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / finite);
  }
  return result;
}

std::string chart_svg(const Chart& chart) {
  const Frame frame = frame_of(chart);
  const Legend legend = legend_of(chart);
  std::string lines, label = chart.title + ".";
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    lines += series_element(chart, frame, i);
    label += " " + line_title(chart.series[i].name, chart.solid, chart.series[i].solid) + ".";
  }
  if (frame.empty) {
    lines = text_at((plot_left + plot_right) / 2, (plot_top + plot_bottom) / 2, "middle", "no values");
  }
  const auto box = [](double x, double y, double w, double h) {
    return fmt::format(" viewBox=\"{} {}\"", at(x, y), at(w, h));
  };
  const double x = plot_left - margin, y = plot_top - margin;
  const double w = plot_right - plot_left + 2 * margin, h = plot_bottom - plot_top + 2 * margin;
  // The inner <svg> clips what leaves the plot. A clipPath would need an id, which could clash with another
  // chart's.
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\"" + box(0, 0, width, legend.bottom()) +
         " role=\"img\" aria-label=\"" + escape_xml(label) + "\">\n" + axes(chart, frame) +
         fmt::format("<svg x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"{}>\n", x, y, w, h,
                     box(x, y, w, h)) +
         lines + "</svg>\n" + legend.svg() + "</svg>\n";
}

std::string_view chart_style() {
  return R"(
:root {
  --grid: #d9dce1; --neutral: #5b6470;
  --style1: #1f5fa8; --style2: #b8480a; --style3: #1b7a4b; --style4: #7d3c98;
  --style5: #0b727c; --style6: #b3174d; --style7: #6d4c1f; --style8: #4f5660;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --grid: #363c45; --neutral: #a3adb9;
    --style1: #6cb2f5; --style2: #f2a154; --style3: #5fd39b; --style4: #cf9df0;
    --style5: #4fd3d8; --style6: #ff8fab; --style7: #d9b88a; --style8: #c3c9d1;
  }
}
.chart { display: block; width: 100%; height: auto; }
.chart text { font-size: 12px; fill: currentColor; }
.chart path { fill: none; stroke-linecap: round; stroke-linejoin: round; }
.chart .grid { stroke: var(--grid); }
.chart .dotted { stroke-width: 1.8; stroke-dasharray: 0 3.6; }
.chart .alone { stroke-width: 4; }
.chart .solid { stroke-width: 1.6; }
.chart .marker { stroke-width: 1.6; fill: var(--paper); }
.neutral { stroke: var(--neutral); }
.style1 { stroke: var(--style1); } .style2 { stroke: var(--style2); }
.style3 { stroke: var(--style3); } .style4 { stroke: var(--style4); }
.style5 { stroke: var(--style5); } .style6 { stroke: var(--style6); }
.style7 { stroke: var(--style7); } .style8 { stroke: var(--style8); }
)";
}

}  // namespace revnet
