#include "study/limit.h"

#include <algorithm>

namespace revnet {

double limit_seconds(const Cost& cost, const Peak& peak) {
  return std::max(cost.multiply_adds / peak.multiply_adds, cost.bytes / peak.bytes);
}

std::map<std::pair<Operation, std::int64_t>, double> limits(const Profile& profile, const Peak& peak) {
  std::map<std::pair<Operation, std::int64_t>, double> rows;
  for (const auto& [cost, calls] : profile.costs()) {
    rows[{cost.operation, cost.height}] += static_cast<double>(calls) * limit_seconds(cost, peak);
  }
  return rows;
}

double limit_seconds(const Profile& profile, const Peak& peak) {
  double sum = 0;
  for (const auto& [key, seconds] : limits(profile, peak)) sum += seconds;
  return sum;
}

}  // namespace revnet
