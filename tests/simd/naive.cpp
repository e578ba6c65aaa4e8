#include "simd/naive.h"

#include <algorithm>
#include <limits>

#include "reference/naive.h"

namespace revnet::testing {
namespace {

// Draws multiples of 2^-12 in [-2, 2) with a linear congruential generator.
double next_value(std::uint64_t& state) {
  state = state * 6364136223846793005ULL + 1442695040888963407ULL;
  return static_cast<double>(static_cast<std::int64_t>(state >> 50U) - 8192) / 4096.0;
}

std::size_t weight_index(std::int64_t o, std::int64_t i, std::int64_t tap, std::int64_t in, std::int64_t taps,
                         std::int64_t b) {
  return static_cast<std::size_t>((((o / b) * (padded(in, b) / b) + i / b) * taps + tap) * b * b +
                                  (i % b) * b + o % b);
}

std::size_t block_index(const Plain& like, std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x,
                        std::int64_t b) {
  const std::int64_t plane = n * (padded(like.channels, b) / b) + c / b;
  return static_cast<std::size_t>(((plane * like.height + y) * like.width + x) * b + c % b);
}

// The convolution of images shaped like x.
ConvolutionShape convolution_of(const Plain& x, std::int64_t out, std::int64_t kernel, std::int64_t stride) {
  return {x.images, x.channels, out, x.height, x.width, kernel, stride};
}

}  // namespace

Buffer::Buffer(std::size_t count)
    : count_(count),
      memory_(static_cast<float*>(std::aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64))) {
  std::fill_n(memory_.get(), count, std::numeric_limits<float>::quiet_NaN());
}

std::int64_t padded(std::int64_t channels, std::int64_t block) {
  return (channels + block - 1) / block * block;
}

Plain random_images(std::int64_t images, std::int64_t channels, std::int64_t height, std::int64_t width,
                    std::uint64_t seed, double mean) {
  Plain result(images, channels, height, width);
  std::uint64_t state = seed;
  for (double& value : result.values) value = mean + next_value(state);
  return result;
}

std::vector<double> random_values(std::size_t count, std::uint64_t seed) {
  std::vector<double> result(count);
  for (double& value : result) value = next_value(seed);
  return result;
}

Buffer blocked(const Plain& plain, std::int64_t block) {
  Buffer result(
      static_cast<std::size_t>(plain.images * padded(plain.channels, block) * plain.height * plain.width));
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = 0.0f;
  for (std::int64_t n = 0; n < plain.images; ++n) {
    for (std::int64_t c = 0; c < plain.channels; ++c) {
      for (std::int64_t y = 0; y < plain.height; ++y) {
        for (std::int64_t x = 0; x < plain.width; ++x) {
          result[block_index(plain, n, c, y, x, block)] = static_cast<float>(plain.at(n, c, y, x));
        }
      }
    }
  }
  return result;
}

Plain plain_of(const Buffer& buffer, const Plain& like, std::int64_t block) {
  Plain result(like.images, like.channels, like.height, like.width);
  for (std::int64_t n = 0; n < like.images; ++n) {
    for (std::int64_t c = 0; c < like.channels; ++c) {
      for (std::int64_t y = 0; y < like.height; ++y) {
        for (std::int64_t x = 0; x < like.width; ++x) {
          result.at(n, c, y, x) = static_cast<double>(buffer[block_index(like, n, c, y, x, block)]);
        }
      }
    }
  }
  return result;
}

Buffer blocked_weights(const std::vector<double>& weights, std::int64_t out, std::int64_t in,
                       std::int64_t taps, std::int64_t block) {
  Buffer result(static_cast<std::size_t>(padded(out, block) * padded(in, block) * taps));
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = 0.0f;
  for (std::int64_t o = 0; o < out; ++o) {
    for (std::int64_t i = 0; i < in; ++i) {
      for (std::int64_t tap = 0; tap < taps; ++tap) {
        result[weight_index(o, i, tap, in, taps, block)] =
            static_cast<float>(weights[static_cast<std::size_t>((o * in + i) * taps + tap)]);
      }
    }
  }
  return result;
}

std::vector<double> plain_weights(const Buffer& buffer, std::int64_t out, std::int64_t in, std::int64_t taps,
                                  std::int64_t block) {
  std::vector<double> result(static_cast<std::size_t>(out * in * taps));
  for (std::int64_t o = 0; o < out; ++o) {
    for (std::int64_t i = 0; i < in; ++i) {
      for (std::int64_t tap = 0; tap < taps; ++tap) {
        result[static_cast<std::size_t>((o * in + i) * taps + tap)] =
            static_cast<double>(buffer[weight_index(o, i, tap, in, taps, block)]);
      }
    }
  }
  return result;
}

Plain convolve(const Plain& x, const std::vector<double>& weights, std::int64_t out, std::int64_t kernel,
               std::int64_t stride) {
  Plain y(x.images, out, (x.height + stride - 1) / stride, (x.width + stride - 1) / stride);
  y.values = naive::convolution(convolution_of(x, out, kernel, stride), x.values, weights);
  return y;
}

Plain convolve_back(const Plain& dy, const std::vector<double>& weights, const Plain& x, std::int64_t kernel,
                    std::int64_t stride) {
  Plain dx(x.images, x.channels, x.height, x.width);
  dx.values =
      naive::convolution_backward_data(convolution_of(x, dy.channels, kernel, stride), dy.values, weights);
  return dx;
}

std::vector<double> weight_gradient(const Plain& x, const Plain& dy, std::int64_t kernel,
                                    std::int64_t stride) {
  return naive::convolution_backward_weights(convolution_of(x, dy.channels, kernel, stride), x.values,
                                             dy.values);
}

NaiveNorm::NaiveNorm(std::int64_t channels, std::uint64_t seed, double around) {
  const auto count = static_cast<std::size_t>(channels);
  mean = random_values(count, seed);
  factor = random_values(count, seed + 1);
  shift = random_values(count, seed + 2);
  for (double& value : mean) value += around;
}

Plain NaiveNorm::apply(const Plain& x) const {
  Plain y = x;
  for (std::size_t i = 0; i < y.values.size(); ++i) {
    const std::size_t c = i / static_cast<std::size_t>(x.height * x.width) % mean.size();
    y.values[i] = std::max(0.0, (x.values[i] - mean[c]) * factor[c] + shift[c]);
  }
  return y;
}

Buffer NaiveNorm::table(std::int64_t block) const {
  const auto stored = static_cast<std::size_t>(padded(static_cast<std::int64_t>(mean.size()), block));
  Buffer result(3 * stored);
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = 0.0f;
  for (std::size_t c = 0; c < mean.size(); ++c) {
    result[c] = static_cast<float>(mean[c]);
    result[stored + c] = static_cast<float>(factor[c]);
    result[2 * stored + c] = static_cast<float>(shift[c]);
  }
  return result;
}

}  // namespace revnet::testing
