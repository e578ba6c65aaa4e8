#include "study/relu_masks.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "ops/fused_norm.h"

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

// The arithmetic of the kernels that normalise what they read.
class FusedNorm {
 public:
  FusedNorm(Device& device, NormLayer& layer, const Layout& layout)
      : constants_(device, layout, layer.scale().value, layer.shift().value, layer.batch(), layer.epsilon()),
        norm_(constants_.get()) {}

  bool opens(float x, std::size_t channel) const {
    return std::fma(x - norm_.mean[channel], norm_.factor[channel], norm_.shift[channel]) > 0;
  }
  // The value nearest to x that makes the ReLU open, or not.
  float moved(float x, std::size_t channel, bool open) const {
    if (opens(x, channel) == open || norm_.factor[channel] == 0) return x;
    const float edge = norm_.mean[channel] - norm_.shift[channel] / norm_.factor[channel];
    const float beyond = (norm_.factor[channel] > 0) == open ? INFINITY : -INFINITY;
    float result = edge;
    while (opens(result, channel) != open) result = std::nextafter(result, beyond);
    return result;
  }

 private:
  NormConstants constants_;
  kernels::Normalization norm_;
};

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
  Kept& kept = recorded(layer);
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

void ReluMasks::normalizing(Device& device, NormLayer& layer, Pass pass, Tensor& src) {
  if (device.is_planning()) return;
  if (pass != (task_ == Task::record ? Pass::training : Pass::recomputation)) return;
  const FusedNorm norm(device, layer, src.layout());
  const std::span<float> values = src.values();
  if (task_ == Task::record) {
    std::vector<bool>& open = kept_[&layer].open;
    open.assign(values.size(), false);
    each_element(src, [&](std::size_t i, std::size_t c) { open[i] = norm.opens(values[i], c); });
    return;
  }
  Kept& kept = recorded(layer);
  each_element(src, [&](std::size_t i, std::size_t c) {
    if (task_ == Task::force) {
      values[i] = norm.moved(values[i], c, kept.open[i]);
      return;
    }
    ++kept.count.relus;
    if (norm.opens(values[i], c) != kept.open[i]) ++kept.count.flipped;
  });
}

ReluMasks::Kept& ReluMasks::recorded(const NormLayer& layer) {
  const auto found = kept_.find(&layer);
  if (found == kept_.end()) throw std::logic_error("ReluMasks: " + layer.name() + " was not recorded");
  return found->second;
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
