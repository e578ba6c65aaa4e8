#include "fused/norm_tables.h"

#include <algorithm>

#include "ops/statistics.h"

namespace revnet::fused {
namespace {

Tensor make_table(Device& device, std::int64_t rows, std::int64_t channels) {
  Tensor table(device, Layout::plain({rows, channels}), MemoryPurpose::temporaries);
  set_zero(table);
  return table;
}

}  // namespace

simd::Images images_of(const Layout& layout) {
  const ChannelBlocks blocks(layout);
  return {blocks.images, blocks.height, blocks.width, blocks.block};
}

NormTable::NormTable(const Norm& norm, Pass pass, const Tensor& x)
    : channels_(ChannelBlocks(x.layout()).stored_channels()), table_(make_table(x.device(), 3, channels_)) {
  if (x.device().is_planning()) return;
  const NormConstants constants = norm.constants(pass);
  float* row = table_.data();
  for (const std::vector<float>* values : {&constants.mean, &constants.factor, &constants.shift}) {
    std::ranges::copy(*values, row);
    row += channels_;
  }
}

simd::Normalization NormTable::get() const {
  const float* const table = table_.data();
  return {.mean = table, .factor = table + channels_, .shift = table + 2 * channels_};
}

NormGradientTable::NormGradientTable(Norm& norm, const Tensor& x, Tensor& sums, std::int64_t blocks)
    : channels_(ChannelBlocks(x.layout()).stored_channels()), table_(make_table(x.device(), 4, channels_)) {
  if (x.device().is_planning()) return;
  const std::span<const double> by_block = values_of(sums);
  const auto stored = static_cast<std::size_t>(channels_),
             channels = static_cast<std::size_t>(norm.channels());
  std::vector<double> totals(2 * stored + 1);  // sums of g, sums of g (x - mean), number of pixels
  for (std::size_t block = 0; block < static_cast<std::size_t>(blocks); ++block) {
    for (std::size_t c = 0; c < 2 * stored; ++c) totals[c] += by_block[block * 2 * stored + c];
  }
  const Shape& shape = x.shape();
  totals.back() = static_cast<double>(shape[0] * shape[2] * shape[3]);
  const std::span<const float> mean = norm.batch().mean.values(), variance = norm.batch().variance.values();
  for (std::size_t c = 0; c < channels; ++c) {
    norm.shift().gradient.values()[c] = static_cast<float>(totals[c]);
    norm.scale().gradient.values()[c] =
        static_cast<float>(totals[stored + c] * norm.inverse_deviation(variance[c]));
  }
  if (norm.reduction() != nullptr) norm.reduction()->sum(totals);
  const std::span<float> table = table_.values();
  for (std::size_t c = 0; c < channels; ++c) {
    const double inverse = norm.inverse_deviation(variance[c]);
    table[c] = mean[c];
    table[stored + c] = static_cast<float>(norm.scale().value.values()[c] * inverse);
    table[2 * stored + c] = static_cast<float>(totals[c] / totals.back());
    table[3 * stored + c] = static_cast<float>(totals[stored + c] / totals.back() * inverse * inverse);
  }
}

simd::NormalizationGradient NormGradientTable::get() const {
  const float* const table = table_.data();
  return {.mean = table,
          .factor = table + channels_,
          .offset = table + 2 * channels_,
          .slope = table + 3 * channels_};
}

}  // namespace revnet::fused
