#include "train/sgd.h"

#include <algorithm>

#include "tensor/parallel.h"

namespace revnet {
namespace {

constexpr std::int64_t chunk_floats = 8192;

REVNET_MULTITARGET void update(float* value, const float* gradient, float* momentum, std::int64_t count,
                               float momentum_factor, float decay, float rate) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float moved = momentum_factor * momentum[i] + (gradient[i] + decay * value[i]);
    momentum[i] = moved;
    value[i] -= rate * moved;
  }
}

// Nesterov's momentum has a loop of its own, without a branch inside.
REVNET_MULTITARGET void update_nesterov(float* value, const float* gradient, float* momentum,
                                        std::int64_t count, float momentum_factor, float decay, float rate) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float decayed = gradient[i] + decay * value[i];
    const float moved = momentum_factor * momentum[i] + decayed;
    momentum[i] = moved;
    value[i] -= rate * (decayed + momentum_factor * moved);
  }
}

}  // namespace

Sgd::Sgd(const std::vector<Parameter*>& parameters, double momentum, double weight_decay, bool nesterov)
    : momentum_(static_cast<float>(momentum)),
      weight_decay_(static_cast<float>(weight_decay)),
      nesterov_(nesterov) {
  for (Parameter* parameter : parameters) {
    const std::int64_t stored = parameter->value.layout().stored_elements();
    // A step reads and writes value and momentum, and reads the gradient.
    cost_.bytes += 5.0 * static_cast<double>(parameter->value.bytes());
    for (std::int64_t first = 0; first < stored; first += chunk_floats) {
      chunks_.push_back({parameter->value.data() + first, parameter->gradient.data() + first,
                         parameter->momentum.data() + first, std::min(chunk_floats, stored - first),
                         parameter->decays});
    }
  }
}

void Sgd::step(Device& device, double rate) const {
  device.perform(cost_, [&] {
    parallel_ranges(static_cast<std::int64_t>(chunks_.size()), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const Chunk& chunk = chunks_[static_cast<std::size_t>(i)];
        (nesterov_ ? update_nesterov : update)(chunk.value, chunk.gradient, chunk.momentum, chunk.count,
                                               momentum_, chunk.decays ? weight_decay_ : 0.0f,
                                               static_cast<float>(rate));
      }
    });
  });
}

}  // namespace revnet
