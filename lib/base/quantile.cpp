#include "base/quantile.h"

#include <algorithm>
#include <cmath>

namespace revnet {

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0.0;
  std::ranges::sort(values);
  const double position = q * static_cast<double>(values.size() - 1);
  const double below = std::floor(position);
  const auto index = static_cast<std::size_t>(below);
  if (index + 1 == values.size()) return values.back();
  return values[index] + (position - below) * (values[index + 1] - values[index]);
}

double median(std::vector<double> values) {
  return quantile(std::move(values), 0.5);
}

}  // namespace revnet
