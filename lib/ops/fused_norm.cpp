#include "ops/fused_norm.h"

#include <algorithm>
#include <cmath>

#include "kernels/passes.h"

namespace revnet {
namespace {

Tensor make_table(Device& device, std::int64_t rows, std::int64_t channels) {
  Tensor table(device, Layout::plain({rows, channels}), MemoryPurpose::temporaries);
  if (!device.is_planning()) std::ranges::fill(table.values(), 0.0f);
  return table;
}

double inverse_deviation(float variance, double epsilon) {
  return 1.0 / std::sqrt(static_cast<double>(variance) + epsilon);
}

double pixels_of(const Layout& activation) {
  const Shape shape = activation.shape();
  return static_cast<double>(shape[0] * shape[2] * shape[3]);
}

Work work_of(Operation operation, const Layout& activation, double tensors) {
  return {operation, activation.shape()[2], 0, tensors * static_cast<double>(activation.bytes())};
}

}  // namespace

kernels::Images images_of(const Layout& layout) {
  const ChannelBlocks blocks(layout);
  return {blocks.images, blocks.height, blocks.width, blocks.block};
}

std::int64_t stored_channels(const Layout& layout) {
  const ChannelBlocks blocks(layout);
  return blocks.blocks * blocks.block;
}

bool is_blocked(const Layout& layout) {
  const std::int64_t block = ChannelBlocks(layout).block;
  return block == 8 || block == 16;
}

NormConstants::NormConstants(Device& device, const Layout& activation, const Tensor& scale,
                             const Tensor& shift, const Statistics& statistics, double epsilon)
    : channels_(stored_channels(activation)), table_(make_table(device, 3, channels_)) {
  if (device.is_planning()) return;
  const std::span<float> table = table_.values();
  const auto stored = static_cast<std::size_t>(channels_);
  for (std::size_t c = 0; c < scale.values().size(); ++c) {
    table[c] = statistics.mean.values()[c];
    table[stored + c] =
        static_cast<float>(scale.values()[c] * inverse_deviation(statistics.variance.values()[c], epsilon));
    table[2 * stored + c] = shift.values()[c];
  }
}

kernels::Normalization NormConstants::get() const {
  return {table_.data(), table_.data() + channels_, table_.data() + 2 * channels_};
}

NormGradientConstants::NormGradientConstants(Device& device, const Layout& activation, const Tensor& scale,
                                             const Statistics& statistics, double epsilon, const Tensor& sums,
                                             std::int64_t units, Tensor& diff_scale, Tensor& diff_shift)
    : channels_(stored_channels(activation)), table_(make_table(device, 4, channels_)) {
  if (device.is_planning()) return;
  const auto* by_unit = reinterpret_cast<const double*>(sums.data());
  const auto stored = static_cast<std::size_t>(channels_);
  std::vector<double> totals(2 * stored);  // of g, and of g (x - mean)
  for (std::int64_t unit = 0; unit < units; ++unit) {
    const double* of_unit = by_unit + unit * 2 * channels_;
    for (std::size_t c = 0; c < totals.size(); ++c) totals[c] += of_unit[c];
  }
  const std::span<float> table = table_.values();
  for (std::size_t c = 0; c < scale.values().size(); ++c) {
    const double gradient = totals[c], product = totals[stored + c];
    const double inverse = inverse_deviation(statistics.variance.values()[c], epsilon);
    diff_shift.values()[c] = static_cast<float>(gradient);
    diff_scale.values()[c] = static_cast<float>(product * inverse);
    table[c] = statistics.mean.values()[c];
    table[stored + c] = static_cast<float>(scale.values()[c] * inverse);
    table[2 * stored + c] = static_cast<float>(gradient / pixels_of(activation));
    table[3 * stored + c] = static_cast<float>(product / pixels_of(activation) * inverse * inverse);
  }
}

kernels::NormalizationGradient NormGradientConstants::get() const {
  return {table_.data(), table_.data() + channels_, table_.data() + 2 * channels_,
          table_.data() + 3 * channels_};
}

Tensor make_sums(Device& device, const Layout& activation, std::int64_t units) {
  const auto doubles = static_cast<std::size_t>(units * 2 * stored_channels(activation));
  return Tensor(device, Layout::raw_bytes(doubles * sizeof(double)), MemoryPurpose::scratch);
}

double* sums_of(Tensor& sums) {
  return reinterpret_cast<double*>(sums.data());
}

void measure_statistics(Device& device, const Tensor& x, Statistics& statistics) {
  const kernels::Images images = images_of(x.layout());
  Tensor sums = make_sums(device, x.layout(), images.count);
  device.perform(work_of(Operation::normalization, x.layout(), 1),
                 [&] { kernels::sum_images(images, stored_channels(x.layout()), x.data(), sums_of(sums)); });
  combine_statistics(device, x.layout(), sums,
                     std::vector<std::int64_t>(static_cast<std::size_t>(images.count), images.pixels()),
                     statistics);
}

void combine_statistics(Device& device, const Layout& activation, const Tensor& sums,
                        const std::vector<std::int64_t>& pixels, Statistics& statistics) {
  if (device.is_planning()) return;
  const auto stored = static_cast<std::size_t>(stored_channels(activation));
  std::vector<float> mean(stored), variance(stored);
  kernels::combine_moments(reinterpret_cast<const double*>(sums.data()), pixels.data(),
                           static_cast<std::int64_t>(pixels.size()), static_cast<std::int64_t>(stored),
                           mean.data(), variance.data());
  std::copy_n(mean.begin(), statistics.mean.values().size(), statistics.mean.values().begin());
  std::copy_n(variance.begin(), statistics.variance.values().size(), statistics.variance.values().begin());
}

void add(Device& device, const kernels::Source& source, Tensor& dst) {
  device.perform(work_of(Operation::normalization_gradient, dst.layout(), 4), [&] {
    kernels::add(images_of(dst.layout()), stored_channels(dst.layout()), source, dst.data());
  });
}

}  // namespace revnet
