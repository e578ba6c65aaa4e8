#include "study/relu_masks.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace revnet {
namespace {

// body(index, channel) for every stored element that is no padding.
template <class Body>
void each_element(const Tensor& tensor, Body body) {
  const ChannelBlocks blocks(tensor.layout());
  for (std::int64_t n = 0; n < blocks.images; ++n) {
    for (std::int64_t c = 0; c < blocks.channels; ++c) {
      const std::int64_t first = blocks.offset(n, c);
      for (std::int64_t pixel = 0; pixel < blocks.pixels(); ++pixel) {
        body(static_cast<std::size_t>(first + pixel * blocks.block), static_cast<std::size_t>(c));
      }
    }
  }
}

std::vector<bool> open_relus(const Tensor& normalized) {
  const std::span<const float> values = normalized.values();
  std::vector<bool> open(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) open[i] = values[i] > 0;
  return open;
}

std::string stage_of(const NormLayer& layer) {
  return layer.name().substr(0, layer.name().find('/'));
}

// Where a ReLU was open, what the normalisation gave before it; elsewhere zero.
void apply(const std::vector<bool>& open, NormLayer& layer, const Tensor& src, Tensor& dst) {
  const std::span<const float> in = src.values(), scale = layer.scale().value.values(),
                               shift = layer.shift().value.values(), mean = layer.batch().mean.values(),
                               variance = layer.batch().variance.values();
  const std::span<float> out = dst.values();
  each_element(src, [&](std::size_t i, std::size_t c) {
    if (open[i] == (out[i] > 0)) return;
    const auto deviation = std::sqrt(variance[c] + static_cast<float>(layer.epsilon()));
    out[i] = open[i] ? scale[c] * (in[i] - mean[c]) / deviation + shift[c] : 0.0f;
  });
}

}  // namespace

void ReluMasks::start(Task task) {
  task_ = task;
  for (auto& [layer, kept] : kept_) {
    if (task == Task::compare) kept.count = {};
  }
}

void ReluMasks::normalized(Device& device, NormLayer& layer, Pass pass, const Tensor& src, Tensor& dst,
                           Tensor& mask) {
  if (device.is_planning()) return;
  if (task_ == Task::record) {
    if (pass != Pass::training) return;
    Kept& kept = kept_[&layer];
    kept.open = open_relus(dst);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(mask.data());
    kept.mask.assign(bytes, bytes + mask.bytes());
    return;
  }
  if (pass != Pass::recomputation) return;
  const auto found = kept_.find(&layer);
  if (found == kept_.end()) throw std::logic_error("ReluMasks: " + layer.name() + " was not recorded");
  Kept& kept = found->second;
  if (task_ == Task::force) {
    apply(kept.open, layer, src, dst);
    std::memcpy(mask.data(), kept.mask.data(), kept.mask.size());
    return;
  }
  const std::span<const float> values = dst.values();
  each_element(dst, [&](std::size_t i, std::size_t) {
    ++kept.count.relus;
    if (kept.open[i] != (values[i] > 0)) ++kept.count.flipped;
  });
}

std::map<std::string, ReluMasks::Count> ReluMasks::counts() const {
  std::map<std::string, Count> result;
  for (const auto& [layer, kept] : kept_) {
    Count& sum = result[stage_of(*layer)];
    sum.relus += kept.count.relus;
    sum.flipped += kept.count.flipped;
  }
  return result;
}

}  // namespace revnet
