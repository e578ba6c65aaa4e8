#include "train/weight_average.h"

#include <algorithm>

#include "tensor/parallel.h"

namespace revnet {
namespace {

REVNET_MULTITARGET void blend(float* average, const float* value, std::int64_t count, float decay) {
  for (std::int64_t i = 0; i < count; ++i) average[i] = decay * average[i] + (1.0f - decay) * value[i];
}

}  // namespace

// TensorFlow's ExponentialMovingAverage computes the same with num_updates.
double average_decay(double decay, std::int64_t step) {
  const auto steps = static_cast<double>(step);
  return std::min(decay, (1 + steps) / (10 + steps));
}

void update_average(Device& device, Network& network, double decay) {
  for (Parameter* parameter : network.parameters()) {
    const auto count = static_cast<std::int64_t>(parameter->value.values().size());
    device.perform({Operation::optimizer, 0, 0, 3.0 * static_cast<double>(parameter->value.bytes())}, [&] {
      parallel_ranges(count, 8192, [&](std::int64_t begin, std::int64_t end) {
        blend(parameter->average.data() + begin, parameter->value.data() + begin, end - begin,
              static_cast<float>(decay));
      });
    });
  }
}

void AveragedWeights::swap() {
  for (Parameter* parameter : network_.parameters()) {
    std::ranges::swap_ranges(parameter->value.values(), parameter->average.values());
  }
  network_.parameters_changed();
}

}  // namespace revnet
