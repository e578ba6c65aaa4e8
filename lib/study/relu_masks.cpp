#include "study/relu_masks.h"

#include <cmath>
#include <cstring>
#include <stdexcept>

#include "layers/layer_list.h"

namespace revnet {
namespace {

// Calls body(index, channel) for every stored element except padding.
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

// The arithmetic of engines that normalise with NormConstants as they read.
class FusedNorm {
 public:
  explicit FusedNorm(NormConstants constants) : norm_(std::move(constants)) {}

  bool opens(float x, std::size_t channel) const {
    return std::fma(x - norm_.mean[channel], norm_.factor[channel], norm_.shift[channel]) > 0;
  }
  // The value nearest to x at which the ReLU is open, or closed, as requested.
  float moved(float x, std::size_t channel, bool open) const {
    if (opens(x, channel) == open || norm_.factor[channel] == 0) return x;
    const float edge = norm_.mean[channel] - norm_.shift[channel] / norm_.factor[channel];
    const float beyond = (norm_.factor[channel] > 0) == open ? INFINITY : -INFINITY;
    float result = edge;
    while (opens(result, channel) != open) result = std::nextafter(result, beyond);
    return result;
  }

 private:
  NormConstants norm_;
};

// Puts the normalised value where a ReLU is recorded as open, and zero elsewhere.
void apply(const std::vector<bool>& open, const Norm& norm, const Tensor& src, Tensor& dst) {
  const std::span<const float> in = src.values(), scale = norm.scale().value.values(),
                               shift = norm.shift().value.values(), mean = norm.batch().mean.values(),
                               variance = norm.batch().variance.values();
  const std::span<float> out = dst.values();
  each_element(src, [&](std::size_t i, std::size_t c) {
    if (open[i] == (out[i] > 0)) return;
    const auto deviation = std::sqrt(variance[c] + static_cast<float>(norm.epsilon()));
    out[i] = open[i] ? scale[c] * (in[i] - mean[c]) / deviation + shift[c] : 0.0f;
  });
}

}  // namespace

void ReluMasks::start(Task task) {
  task_ = task;
  for (auto& [norm, kept] : kept_) {
    if (task == Task::compare) kept.count = {};
  }
}

void ReluMasks::normalized(Norm& norm, Pass pass, const Tensor& src, Tensor& dst, Tensor& mask) {
  if (src.device().is_planning()) return;
  if (task_ == Task::record) {
    if (pass != Pass::training) return;
    Kept& kept = kept_[&norm];
    kept.open = open_relus(dst);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(mask.data());
    kept.mask.assign(bytes, bytes + mask.bytes());
    return;
  }
  if (pass != Pass::recomputation) return;
  Kept& kept = recorded(norm);
  if (task_ == Task::force) {
    apply(kept.open, norm, src, dst);
    std::memcpy(mask.data(), kept.mask.data(), kept.mask.size());
    return;
  }
  const std::span<const float> values = dst.values();
  each_element(dst, [&](std::size_t i, std::size_t) {
    ++kept.count.relus;
    if (kept.open[i] != (values[i] > 0)) ++kept.count.flipped;
  });
}

void ReluMasks::normalizing(Norm& norm, Pass pass, Tensor& src) {
  if (src.device().is_planning()) return;
  if (pass != (task_ == Task::record ? Pass::training : Pass::recomputation)) return;
  const FusedNorm arithmetic(norm.constants(pass));
  const std::span<float> values = src.values();
  if (task_ == Task::record) {
    std::vector<bool>& open = kept_[&norm].open;
    open.assign(values.size(), false);
    each_element(src, [&](std::size_t i, std::size_t c) { open[i] = arithmetic.opens(values[i], c); });
    return;
  }
  Kept& kept = recorded(norm);
  each_element(src, [&](std::size_t i, std::size_t c) {
    if (task_ == Task::force) {
      values[i] = arithmetic.moved(values[i], c, kept.open[i]);
      return;
    }
    ++kept.count.relus;
    if (arithmetic.opens(values[i], c) != kept.open[i]) ++kept.count.flipped;
  });
}

ReluMasks::Kept& ReluMasks::recorded(const Norm& norm) {
  const auto found = kept_.find(&norm);
  if (found == kept_.end()) throw std::logic_error("ReluMasks: " + norm.name() + " was not recorded");
  return found->second;
}

std::map<std::string, ReluMasks::Count> ReluMasks::counts() const {
  std::map<std::string, Count> result;
  for (const auto& [norm, kept] : kept_) {
    Count& sum = result[stage_of(norm->name())];
    sum.relus += kept.count.relus;
    sum.flipped += kept.count.flipped;
  }
  return result;
}

}  // namespace revnet
