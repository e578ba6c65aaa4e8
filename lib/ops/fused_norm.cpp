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
                                             std::int64_t units, Tensor& diff_scale, Tensor& diff_shift,
                                             Reduction* batch)
    : channels_(stored_channels(activation)), table_(make_table(device, 4, channels_)) {
  if (device.is_planning()) return;
  const auto* by_unit = reinterpret_cast<const double*>(sums.data());
  const auto stored = static_cast<std::size_t>(channels_);
  std::vector<double> totals(2 * stored + 1);  // of g, of g (x - mean), and pixels
  for (std::int64_t unit = 0; unit < units; ++unit) {
    const double* of_unit = by_unit + unit * 2 * channels_;
    for (std::size_t c = 0; c < 2 * stored; ++c) totals[c] += of_unit[c];
  }
  totals.back() = pixels_of(activation);
  for (std::size_t c = 0; c < scale.values().size(); ++c) {
    const double inverse = inverse_deviation(statistics.variance.values()[c], epsilon);
    diff_shift.values()[c] = static_cast<float>(totals[c]);
    diff_scale.values()[c] = static_cast<float>(totals[stored + c] * inverse);
  }
  if (batch != nullptr) batch->sum(totals);
  const std::span<float> table = table_.values();
  for (std::size_t c = 0; c < scale.values().size(); ++c) {
    const double gradient = totals[c], product = totals[stored + c];
    const double inverse = inverse_deviation(statistics.variance.values()[c], epsilon);
    table[c] = statistics.mean.values()[c];
    table[stored + c] = static_cast<float>(scale.values()[c] * inverse);
    table[2 * stored + c] = static_cast<float>(gradient / totals.back());
    table[3 * stored + c] = static_cast<float>(product / totals.back() * inverse * inverse);
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

void measure_statistics(Device& device, const Tensor& x, Statistics& statistics, Reduction* batch) {
  const kernels::Images images = images_of(x.layout());
  Tensor sums = make_sums(device, x.layout(), images.count);
  device.perform(work_of(Operation::normalization, x.layout(), 1), [&] {
    kernels::sum_images(images, stored_channels(x.layout()), x.data(), sums_of(sums), device.threads());
  });
  combine_statistics(device, x.layout(), sums,
                     std::vector<std::int64_t>(static_cast<std::size_t>(images.count), images.pixels()),
                     statistics, batch);
}

namespace {

// The batch's moments from those of every process, whose numbers of pixels may differ. Squares are summed in
// double, where those of floats lose nothing that a float could hold, so that one sum over processes does.
void combine_over_processes(const double* sums, const std::vector<std::int64_t>& pixels, Reduction& batch,
                            std::span<float> mean, std::span<float> variance) {
  const std::size_t stored = mean.size();
  std::vector<double> moments(2 * stored + 1);  // sums of values, sums of squares, and pixels
  for (std::size_t unit = 0; unit < pixels.size(); ++unit) {
    const double *totals = sums + unit * 2 * stored, *squares = totals + stored;
    const auto count = static_cast<double>(pixels[unit]);
    for (std::size_t c = 0; c < stored; ++c) {
      moments[c] += totals[c];
      moments[stored + c] += squares[c] + totals[c] * totals[c] / count;
    }
    moments.back() += count;
  }
  batch.sum(moments);
  for (std::size_t c = 0; c < stored; ++c) {
    const double average = moments[c] / moments.back();
    mean[c] = static_cast<float>(average);
    variance[c] = static_cast<float>(std::max(0.0, moments[stored + c] / moments.back() - average * average));
  }
}

}  // namespace

void combine_statistics(Device& device, const Layout& activation, const Tensor& sums,
                        const std::vector<std::int64_t>& pixels, Statistics& statistics, Reduction* batch) {
  if (device.is_planning()) return;
  const auto stored = static_cast<std::size_t>(stored_channels(activation));
  std::vector<float> mean(stored), variance(stored);
  const auto* by_unit = reinterpret_cast<const double*>(sums.data());
  if (batch == nullptr) {
    kernels::combine_moments(by_unit, pixels.data(), static_cast<std::int64_t>(pixels.size()),
                             static_cast<std::int64_t>(stored), mean.data(), variance.data());
  } else {
    combine_over_processes(by_unit, pixels, *batch, mean, variance);
  }
  std::copy_n(mean.begin(), statistics.mean.values().size(), statistics.mean.values().begin());
  std::copy_n(variance.begin(), statistics.variance.values().size(), statistics.variance.values().begin());
}

void add(Device& device, const kernels::Source& source, Tensor& dst) {
  device.perform(work_of(Operation::normalization_gradient, dst.layout(), 4), [&] {
    kernels::add(images_of(dst.layout()), stored_channels(dst.layout()), source, dst.data(),
                 device.threads());
  });
}

}  // namespace revnet
