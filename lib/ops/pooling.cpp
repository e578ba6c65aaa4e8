#include "ops/pooling.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "ops/channel_runs.h"
#include "tensor/parallel.h"

namespace revnet {
namespace {

// Channels that are contiguous in both tensors: [from, from + length) of the narrow one, from `to` on in the
// wide one.
struct Run {
  std::int64_t from, to, length;
};

std::vector<Run> channel_runs(const ChannelBlocks& narrow, const ChannelBlocks& wide, std::int64_t before) {
  std::vector<Run> runs;
  for (std::int64_t channel = 0; channel < narrow.channels;) {
    const std::int64_t target = channel + before;
    const std::int64_t length = std::min(
        {narrow.channels - channel, narrow.block - channel % narrow.block, wide.block - target % wide.block});
    runs.push_back({channel, target, length});
    channel += length;
  }
  return runs;
}

// The geometry of pooling one run of channels of one image.
struct Window {
  std::int64_t height, width;  // of the pooled side
  std::int64_t stride;
  std::int64_t large_block, small_block;  // floats between neighbouring pixels, before and after pooling
};

// small(pixel) = mean of large over the window. Length is a compile-time constant for whole blocks, so that
// the inner loop vectorises.
template <class Length>
[[gnu::always_inline]] inline void pool_pixels(const float* large, float* small, const Window& window,
                                               Length length) {
  const float share = 1.0f / static_cast<float>(window.stride * window.stride);
  const std::int64_t row = window.width * window.stride * window.large_block;
  for (std::int64_t h = 0; h < window.height; ++h) {
    for (std::int64_t w = 0; w < window.width; ++w) {
      const float* in = large + (h * window.stride) * row + w * window.stride * window.large_block;
      float* __restrict out = small + (h * window.width + w) * window.small_block;
      for (std::int64_t c = 0; c < length; ++c) out[c] = share * in[c];
      for (std::int64_t tap = 1; tap < window.stride * window.stride; ++tap) {
        const float* at = in + tap / window.stride * row + tap % window.stride * window.large_block;
        for (std::int64_t c = 0; c < length; ++c) out[c] += share * at[c];
      }
    }
  }
}

// The gradient of pool_pixels(): every pixel of the window gets an equal share.
template <class Length>
[[gnu::always_inline]] inline void spread_pixels(float* large, const float* small, const Window& window,
                                                 Length length) {
  const float share = 1.0f / static_cast<float>(window.stride * window.stride);
  const std::int64_t width = window.width * window.stride;
  for (std::int64_t h = 0; h < window.height * window.stride; ++h) {
    for (std::int64_t w = 0; w < width; ++w) {
      float* __restrict out = large + (h * width + w) * window.large_block;
      const float* in = small + (h / window.stride * window.width + w / window.stride) * window.small_block;
      for (std::int64_t c = 0; c < length; ++c) out[c] = share * in[c];
    }
  }
}

REVNET_MULTITARGET void pool_run(const float* large, float* small, const Window& window,
                                 std::int64_t length) {
  if (length == run_of_16) return pool_pixels(large, small, window, run_of_16);
  if (length == run_of_8) return pool_pixels(large, small, window, run_of_8);
  pool_pixels(large, small, window, length);
}

REVNET_MULTITARGET void spread_run(float* large, const float* small, const Window& window,
                                   std::int64_t length) {
  if (length == run_of_16) return spread_pixels(large, small, window, run_of_16);
  if (length == run_of_8) return spread_pixels(large, small, window, run_of_8);
  spread_pixels(large, small, window, length);
}

void zero_image(const ChannelBlocks& blocks, float* data, std::int64_t image) {
  const std::int64_t stored = blocks.blocks * blocks.pixels() * blocks.block;
  std::fill_n(data + image * stored, stored, 0.0f);
}

// Calls body(n) for every image n; together the calls read and write `bytes`.
template <class Body>
void each_image(Device& device, const ChannelBlocks& blocks, std::size_t bytes, const Body& body) {
  device.perform({Operation::pooling, blocks.height, 0, static_cast<double>(bytes)}, [&] {
    parallel_ranges(blocks.images, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t n = begin; n < end; ++n) body(n);
    });
  });
}

}  // namespace

PoolAndPad::PoolAndPad(const Device& device, const Shape& src, std::int64_t out_channels, std::int64_t stride)
    : src_(device.activation_layout(src)),
      dst_(device.activation_layout({src[0], out_channels, src[2] / stride, src[3] / stride})),
      stride_(stride),
      before_((out_channels - src[1]) / 2) {
  if (out_channels < src[1]) throw std::logic_error("PoolAndPad: fewer channels out than in");
  if (src[2] % stride != 0 || src[3] % stride != 0)
    throw std::logic_error("PoolAndPad: size is not a multiple of stride");
}

void PoolAndPad::forward(const Tensor& src, Tensor& dst) const {
  const ChannelBlocks narrow(src_), wide(dst_);
  const std::vector<Run> runs = channel_runs(narrow, wide, before_);
  const Window window{wide.height, wide.width, stride_, narrow.block, wide.block};
  each_image(dst.device(), narrow, src.bytes() + dst.bytes(), [&](std::int64_t n) {
    zero_image(wide, dst.data(), n);
    for (const Run& run : runs) {
      pool_run(src.data() + narrow.offset(n, run.from), dst.data() + wide.offset(n, run.to), window,
               run.length);
    }
  });
}

void PoolAndPad::backward(const Tensor& diff_dst, Tensor& diff_src) const {
  const ChannelBlocks narrow(src_), wide(dst_);
  const std::vector<Run> runs = channel_runs(narrow, wide, before_);
  const Window window{wide.height, wide.width, stride_, narrow.block, wide.block};
  const bool padded = narrow.blocks * narrow.block != narrow.channels;
  each_image(diff_src.device(), narrow, diff_dst.bytes() + diff_src.bytes(), [&](std::int64_t n) {
    if (padded) zero_image(narrow, diff_src.data(), n);
    for (const Run& run : runs) {
      spread_run(diff_src.data() + narrow.offset(n, run.from), diff_dst.data() + wide.offset(n, run.to),
                 window, run.length);
    }
  });
}

void global_average_pool(const Tensor& src, Tensor& features, std::int64_t first) {
  const ChannelBlocks blocks(src.layout());
  const std::int64_t columns = features.shape()[1];
  const float share = 1.0f / static_cast<float>(blocks.pixels());
  each_image(src.device(), blocks, src.bytes(), [&](std::int64_t n) {
    for (std::int64_t c = 0; c < blocks.channels; ++c) {
      const float* in = src.data() + blocks.offset(n, c);
      float sum = 0.0f;
      for (std::int64_t pixel = 0; pixel < blocks.pixels(); ++pixel) sum += in[pixel * blocks.block];
      features.data()[n * columns + first + c] = share * sum;
    }
  });
}

void global_average_pool_backward(const Tensor& diff_features, std::int64_t first, Tensor& diff_src) {
  const ChannelBlocks blocks(diff_src.layout());
  const std::int64_t columns = diff_features.shape()[1];
  const float share = 1.0f / static_cast<float>(blocks.pixels());
  each_image(diff_src.device(), blocks, diff_src.bytes(), [&](std::int64_t n) {
    zero_image(blocks, diff_src.data(), n);
    for (std::int64_t c = 0; c < blocks.channels; ++c) {
      const float value = share * diff_features.data()[n * columns + first + c];
      float* out = diff_src.data() + blocks.offset(n, c);
      for (std::int64_t pixel = 0; pixel < blocks.pixels(); ++pixel) out[pixel * blocks.block] = value;
    }
  });
}

}  // namespace revnet
