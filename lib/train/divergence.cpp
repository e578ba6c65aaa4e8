#include "train/divergence.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace revnet {
namespace {

bool all_finite(std::span<const float> values) {
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

bool is_finite(const Statistics& statistics) {
  return all_finite(statistics.mean.values()) && all_finite(statistics.variance.values());
}

const Norm* first_not_finite(const std::vector<Norm*>& norms) {
  for (const Norm* norm : norms) {
    if (!is_finite(norm->batch())) return norm;
  }
  return nullptr;
}

}  // namespace

bool is_finite(const Network& network, const Loss& loss) {
  return std::isfinite(loss.cross_entropy) && first_not_finite(network.norms()) == nullptr;
}

std::string first_not_finite(const Network& network) {
  for (const Parameter* parameter : network.parameters()) {
    if (!all_finite(parameter->value.values())) return "the parameter " + parameter->name;
  }
  const Norm* norm = first_not_finite(network.norms());
  return norm == nullptr ? "the output of head/dense" : "the input of " + norm->name();
}

std::string first_not_finite(const Checkpoint& checkpoint) {
  const auto in = [](const char* group, const std::vector<NamedArray>& arrays) -> std::string {
    for (const NamedArray& array : arrays) {
      if (!all_finite(array.values)) return group + array.name;
    }
    return "";
  };
  std::string found = in("/parameters/", checkpoint.parameters);
  if (found.empty()) found = in("/momentum/", checkpoint.momentum);
  if (found.empty()) found = in("/average/", checkpoint.average);
  for (const RunningAverage& average : checkpoint.running) {
    if (!found.empty()) break;
    if (!all_finite(average.mean) || !all_finite(average.variance)) found = "/running/" + average.name;
  }
  return found;
}

}  // namespace revnet
