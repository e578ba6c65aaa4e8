// Slow double-precision references for the fused kernels, on plain arrays, and their conversion to blocks.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "fused/simd/operands.h"

namespace revnet::testing {

// [N, C, H, W], row-major.
struct Plain {
  std::int64_t images, channels, height, width;
  std::vector<double> values;

  Plain(std::int64_t images, std::int64_t channels, std::int64_t height, std::int64_t width)
      : images(images),
        channels(channels),
        height(height),
        width(width),
        values(static_cast<std::size_t>(images * channels * height * width)) {}
  std::size_t index(std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x) const {
    return static_cast<std::size_t>(((n * channels + c) * height + y) * width + x);
  }
  double& at(std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x) {
    return values[index(n, c, y, x)];
  }
  double at(std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x) const {
    return values[index(n, c, y, x)];
  }
};

// Floats that begin on a cache line and are NaN until written.
class Buffer {
 public:
  explicit Buffer(std::size_t count);
  float* data() { return memory_.get(); }
  const float* data() const { return memory_.get(); }
  float& operator[](std::size_t i) { return memory_.get()[i]; }
  float operator[](std::size_t i) const { return memory_.get()[i]; }
  std::size_t size() const { return count_; }

 private:
  struct Free {
    void operator()(float* memory) const { std::free(memory); }
  };
  std::size_t count_;
  std::unique_ptr<float, Free> memory_;
};

// Pseudo-random values around `mean`. They depend only on the seed and are exact in float32.
Plain random_images(std::int64_t images, std::int64_t channels, std::int64_t height, std::int64_t width,
                    std::uint64_t seed, double mean = 0.0);
std::vector<double> random_values(std::size_t count, std::uint64_t seed);

// Conversion to the blocked layout, where the channels that fill up the last block are zero, and back.
Buffer blocked(const Plain& plain, std::int64_t block);
Plain plain_of(const Buffer& buffer, const Plain& like, std::int64_t block);
// Conversion of weights [out, in, k, k] to blocked OIhw, and back.
Buffer blocked_weights(const std::vector<double>& weights, std::int64_t out, std::int64_t in,
                       std::int64_t taps, std::int64_t block);
std::vector<double> plain_weights(const Buffer& buffer, std::int64_t out, std::int64_t in, std::int64_t taps,
                                  std::int64_t block);
std::int64_t padded(std::int64_t channels, std::int64_t block);

// Convolution k x k as in reference/naive.h, and its gradients; x gives the shape of the input.
Plain convolve(const Plain& x, const std::vector<double>& weights, std::int64_t out, std::int64_t kernel,
               std::int64_t stride = 1);
Plain convolve_back(const Plain& dy, const std::vector<double>& weights, const Plain& x, std::int64_t kernel,
                    std::int64_t stride = 1);
std::vector<double> weight_gradient(const Plain& x, const Plain& dy, std::int64_t kernel,
                                    std::int64_t stride = 1);

// The constants of a normalisation, with an entry for each channel.
struct NaiveNorm {
  std::vector<double> mean, factor, shift;
  NaiveNorm(std::int64_t channels, std::uint64_t seed, double mean);
  Plain apply(const Plain& x) const;  // with ReLU
  // The constants as kernels take them, [3][padded channels].
  Buffer table(std::int64_t block) const;
};

}  // namespace revnet::testing
