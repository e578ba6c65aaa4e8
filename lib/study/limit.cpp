#include "study/limit.h"

#include <algorithm>

namespace revnet {

double limit_seconds(const Work& work, const Peak& peak) {
  return std::max(work.multiply_adds / peak.multiply_adds, work.bytes / peak.bytes);
}

std::map<std::pair<Operation, std::int64_t>, double> limits(const Profile& profile, const Peak& peak) {
  std::map<std::pair<Operation, std::int64_t>, double> rows;
  for (const auto& [work, calls] : profile.works()) {
    rows[{work.operation, work.height}] += static_cast<double>(calls) * limit_seconds(work, peak);
  }
  return rows;
}

double limit_seconds(const Profile& profile, const Peak& peak) {
  double sum = 0;
  for (const auto& [key, seconds] : limits(profile, peak)) sum += seconds;
  return sum;
}

}  // namespace revnet
