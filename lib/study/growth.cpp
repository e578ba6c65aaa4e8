#include "study/growth.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include <fmt/format.h>

#include "base/text.h"

namespace revnet {

std::vector<Growth> fit_growth(const std::vector<double>& depths, const std::vector<double>& values) {
  if (std::set<double>(depths.begin(), depths.end()).size() < 3 || depths.size() != values.size()) {
    throw std::logic_error("fit_growth: three depths are needed, and a value for each");
  }
  const struct {
    const char* name;
    double (*g)(double);
  } growths[] = {{"1", [](double) { return 0.0; }},
                 {"log L", [](double depth) { return std::log(depth); }},
                 {"sqrt L", [](double depth) { return std::sqrt(depth); }},
                 {"L", [](double depth) { return depth; }},
                 {"L log L", [](double depth) { return depth * std::log(depth); }}};
  const auto n = static_cast<double>(depths.size());
  double mean_y = 0;
  for (const double y : values) mean_y += y / n;
  std::vector<Growth> fits;
  for (const auto& [name, g] : growths) {
    double mean_x = 0, xx = 0, xy = 0;
    for (const double depth : depths) mean_x += g(depth) / n;
    for (std::size_t i = 0; i < depths.size(); ++i) {
      const double x = g(depths[i]) - mean_x;
      xx += x * x;
      xy += x * (values[i] - mean_y);
    }
    Growth fit{name, 0, xx > 0 ? xy / xx : 0, 0};
    fit.a = mean_y - fit.b * mean_x;
    double squares = 0;
    for (std::size_t i = 0; i < depths.size(); ++i) {
      squares += std::pow(values[i] - fit.a - fit.b * g(depths[i]), 2) / n;
    }
    fit.residual = mean_y == 0 ? 0 : std::sqrt(squares) / std::abs(mean_y);
    fits.push_back(fit);
  }
  // Values that vary by less than this count as constant.
  constexpr double constant = 0.01;
  if (fits.front().residual < constant) return fits;
  std::ranges::stable_sort(fits, {}, &Growth::residual);
  return fits;
}

std::string describe(const std::vector<Growth>& fits) {
  constexpr double hardly = 1.2;
  const double least = fits.front().residual;
  std::vector<std::string> names{fits.front().name};
  for (std::size_t i = 1; i < fits.size() && fits.front().name != "1"; ++i) {
    if (fits[i].residual < hardly * least) names.push_back(fits[i].name);
  }
  return fmt::format("{} ({:.1f} %)", join(names, " or "), 100 * least);
}

}  // namespace revnet
