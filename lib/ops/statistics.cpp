#include "ops/statistics.h"

#include <algorithm>
#include <cmath>

#include "ops/channel_runs.h"
#include "tensor/parallel.h"

namespace revnet {
namespace {

// Sums over one image's pixels in `length` contiguous channels. Squares are of distances from the first
// value, so that a large mean costs no precision. A length known at compile time lets the loop vectorise.
template <class Length>
[[gnu::always_inline]] inline void sum_block(const float* values, std::int64_t pixels, std::int64_t stride,
                                             Length length, double* sums, double* squares) {
  constexpr std::size_t most = 16;
  float sum[most] = {}, square[most] = {};
  for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
    const float* at = values + pixel * stride;
    for (std::int64_t c = 0; c < length; ++c) {
      const float distance = at[c] - values[c];
      sum[c] += distance;
      square[c] = std::fma(distance, distance, square[c]);
    }
  }
  const auto count = static_cast<double>(pixels);
  for (std::int64_t c = 0; c < length; ++c) {
    const double total = sum[c];
    sums[c] = total + count * values[c];
    squares[c] = static_cast<double>(square[c]) - total * total / count;
  }
}

REVNET_MULTITARGET void sum_channels(const float* values, std::int64_t pixels, std::int64_t stride,
                                     std::int64_t length, double* sums, double* squares) {
  if (length == run_of_16) return sum_block(values, pixels, stride, run_of_16, sums, squares);
  if (length == run_of_8) return sum_block(values, pixels, stride, run_of_8, sums, squares);
  sum_block(values, pixels, stride, length, sums, squares);
}

REVNET_MULTITARGET float largest_of(const float* values, std::int64_t count) {
  float largest[16] = {};
  for (std::int64_t i = 0; i < count / 16 * 16; i += 16) {
    for (std::int64_t lane = 0; lane < 16; ++lane) {
      largest[lane] = std::max(largest[lane], std::abs(values[i + lane]));
    }
  }
  for (std::int64_t i = count / 16 * 16; i < count; ++i)
    largest[0] = std::max(largest[0], std::abs(values[i]));
  return *std::ranges::max_element(largest);
}

// `sums` has the shape [2][channels as stored].
void sum_image(const ChannelBlocks& blocks, const float* values, std::int64_t image, double* sums) {
  const std::int64_t run = std::min<std::int64_t>(blocks.block, 16);
  for (std::int64_t c = 0; c < blocks.stored_channels(); c += run) {
    sum_channels(values + blocks.offset(image, c), blocks.pixels(), blocks.block,
                 std::min(run, blocks.stored_channels() - c), sums + c, sums + blocks.stored_channels() + c);
  }
}

// Mean and population variance over all pieces, from squares about each piece's mean and the distances of
// those means from the overall mean.
void combine(const double* sums, std::span<const std::int64_t> pixels, std::span<float> mean,
             std::span<float> variance) {
  const std::size_t stored = mean.size();
  std::vector<double> means(stored), squares(stored);
  double all = 0;
  for (std::size_t piece = 0; piece < pixels.size(); ++piece) {
    all += static_cast<double>(pixels[piece]);
    for (std::size_t c = 0; c < stored; ++c) means[c] += sums[piece * 2 * stored + c];
  }
  for (double& value : means) value /= all;
  for (std::size_t piece = 0; piece < pixels.size(); ++piece) {
    const double *totals = sums + piece * 2 * stored, *own_squares = totals + stored;
    const auto count = static_cast<double>(pixels[piece]), inverse = 1.0 / count;
    for (std::size_t c = 0; c < stored; ++c) {
      const double distance = totals[c] * inverse - means[c];
      squares[c] += own_squares[c] + count * distance * distance;
    }
  }
  for (std::size_t c = 0; c < stored; ++c) {
    mean[c] = static_cast<float>(means[c]);
    variance[c] =
        static_cast<float>(std::max(0.0, squares[c] / all));  // of a constant, rounding may be below 0
  }
}

// The same over the pieces of all processes, which may hold different numbers of pixels. Raw squares of
// floats lose no significant digits in double, so one sum over the processes suffices.
void combine_over_processes(const double* sums, std::span<const std::int64_t> pixels, Reduction& reduction,
                            std::span<float> mean, std::span<float> variance) {
  const std::size_t stored = mean.size();
  std::vector<double> moments(2 * stored + 1);  // sums of values, sums of squares, and pixels
  for (std::size_t piece = 0; piece < pixels.size(); ++piece) {
    const double *totals = sums + piece * 2 * stored, *squares = totals + stored;
    const auto count = static_cast<double>(pixels[piece]);
    for (std::size_t c = 0; c < stored; ++c) {
      moments[c] += totals[c];
      moments[stored + c] += squares[c] + totals[c] * totals[c] / count;
    }
    moments.back() += count;
  }
  reduction.sum(moments);
  for (std::size_t c = 0; c < stored; ++c) {
    const double average = moments[c] / moments.back();
    mean[c] = static_cast<float>(average);
    variance[c] = static_cast<float>(std::max(0.0, moments[stored + c] / moments.back() - average * average));
  }
}

}  // namespace

Tensor make_sums(Device& device, std::int64_t pieces, std::int64_t stored_channels) {
  const auto doubles = static_cast<std::size_t>(pieces * 2 * stored_channels);
  return Tensor(device, Layout::raw_bytes(doubles * sizeof(double)), MemoryPurpose::scratch);
}

std::span<double> values_of(Tensor& sums) {
  return {reinterpret_cast<double*>(sums.data()), sums.bytes() / sizeof(double)};
}

float largest_magnitude(const Tensor& x) {
  if (x.device().is_planning()) return 0;
  constexpr std::int64_t piece = 1 << 14;  // floats
  const std::int64_t count = x.layout().stored_elements();
  std::vector<float> largest(static_cast<std::size_t>((count + piece - 1) / piece));
  x.device().perform({Operation::elementwise, x.shape()[2], 0, static_cast<double>(x.bytes())}, [&] {
    parallel_ranges(static_cast<std::int64_t>(largest.size()), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        largest[static_cast<std::size_t>(i)] =
            largest_of(x.data() + i * piece, std::min(piece, count - i * piece));
      }
    });
  });
  return *std::ranges::max_element(largest);
}

void measure_statistics(const Tensor& x, Norm& norm) {
  const ChannelBlocks blocks(x.layout());
  Tensor sums = make_sums(x.device(), blocks.images, blocks.stored_channels());
  x.device().perform({Operation::normalization, blocks.height, 0, static_cast<double>(x.bytes())}, [&] {
    double* const to = values_of(sums).data();
    parallel_ranges(blocks.images, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t n = begin; n < end; ++n) {
        sum_image(blocks, x.data(), n, to + n * 2 * blocks.stored_channels());
      }
    });
  });
  if (sums.device().is_planning()) return;
  const std::vector<std::int64_t> pixels(static_cast<std::size_t>(blocks.images), blocks.pixels());
  combine_statistics(sums, pixels, norm);
}

void combine_statistics(Tensor& sums, std::span<const std::int64_t> pixels, Norm& norm) {
  const std::span<const double> values = values_of(sums);
  const std::size_t stored = values.size() / (2 * pixels.size());
  std::vector<float> mean(stored), variance(stored);
  if (norm.reduction() == nullptr) {
    combine(values.data(), pixels, mean, variance);
  } else {
    combine_over_processes(values.data(), pixels, *norm.reduction(), mean, variance);
  }
  const auto channels = static_cast<std::ptrdiff_t>(norm.channels());
  std::copy_n(mean.begin(), channels, norm.batch().mean.values().begin());
  std::copy_n(variance.begin(), channels, norm.batch().variance.values().begin());
}

}  // namespace revnet
