#include "layers/norm.h"

#include <algorithm>
#include <cmath>

namespace revnet {

Statistics::Statistics(Device& device, std::int64_t channels)
    : mean(device, Layout::plain({channels}), MemoryPurpose::statistics),
      variance(device, Layout::plain({channels}), MemoryPurpose::statistics) {}

Norm::Norm(Device& device, const std::string& name, Rows rows, const Shape& nchw, const LayerOptions& options)
    : name_(name),
      shape_(nchw),
      epsilon_(options.epsilon),
      reduction_(options.reduction),
      scale_(device, name + "/scale", rows, Layout::plain({nchw[1]}), {Initial::Kind::constant, 1.0}, false),
      shift_(device, name + "/shift", rows, Layout::plain({nchw[1]}), {Initial::Kind::constant, 0.0}, false),
      batch_(device, nchw[1]),
      running_(device, nchw[1]) {}

double Norm::inverse_deviation(float variance) const {
  return 1.0 / std::sqrt(static_cast<double>(variance) + epsilon_);
}

NormConstants Norm::constants(Pass pass) const {
  const Statistics& from = statistics(pass);
  if (from.mean.device().is_planning()) return {};
  const std::span<const float> mean = from.mean.values(), variance = from.variance.values(),
                               scale = scale_.value.values(), shift = shift_.value.values();
  NormConstants constants{{mean.begin(), mean.end()}, {}, {shift.begin(), shift.end()}};
  for (std::size_t c = 0; c < mean.size(); ++c) {
    constants.factor.push_back(static_cast<float>(scale[c] * inverse_deviation(variance[c])));
  }
  return constants;
}

void Norm::commit_statistics(double decay) {
  if (batch_.mean.device().is_planning()) return;
  const auto blend = [&](const Tensor& batch, Tensor& running) {
    const std::span<const float> from = batch.values();
    const std::span<float> to = running.values();
    for (std::size_t c = 0; c < to.size(); ++c) {
      to[c] = static_cast<float>(decay * to[c] + (1.0 - decay) * from[c]);
    }
  };
  blend(batch_.mean, running_.mean);
  blend(batch_.variance, running_.variance);
}

void Norm::reset_statistics() {
  if (running_.mean.device().is_planning()) return;
  std::ranges::fill(running_.mean.values(), 0.0f);
  std::ranges::fill(running_.variance.values(), 1.0f);
}

}  // namespace revnet
