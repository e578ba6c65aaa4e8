#include "ops/pooling.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "tensor/parallel.h"

namespace revnet {
namespace {

// Channels [from, from + length) of the narrow tensor that lie side by side in it, and in the wide one at
// `to`.
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

// One image, one run of channels: dst(pixel) = mean over the window of src.
REVNET_MULTITARGET void pool_run(const float* src, std::int64_t src_block, std::int64_t src_width, float* dst,
                                 std::int64_t dst_block, std::int64_t height, std::int64_t width,
                                 std::int64_t stride, std::int64_t length) {
  const float share = 1.0f / static_cast<float>(stride * stride);
  for (std::int64_t h = 0; h < height; ++h) {
    for (std::int64_t w = 0; w < width; ++w) {
      float* out = dst + (h * width + w) * dst_block;
      for (std::int64_t c = 0; c < length; ++c) out[c] = 0.0f;
      for (std::int64_t y = 0; y < stride; ++y) {
        for (std::int64_t x = 0; x < stride; ++x) {
          const float* in = src + ((h * stride + y) * src_width + w * stride + x) * src_block;
          for (std::int64_t c = 0; c < length; ++c) out[c] += share * in[c];
        }
      }
    }
  }
}

// Its gradient: every pixel of the window gets an equal share.
REVNET_MULTITARGET void spread_run(float* diff_src, std::int64_t src_block, std::int64_t src_width,
                                   const float* diff_dst, std::int64_t dst_block, std::int64_t height,
                                   std::int64_t width, std::int64_t stride, std::int64_t length) {
  const float share = 1.0f / static_cast<float>(stride * stride);
  for (std::int64_t h = 0; h < height * stride; ++h) {
    for (std::int64_t w = 0; w < width * stride; ++w) {
      float* out = diff_src + (h * src_width + w) * src_block;
      const float* in = diff_dst + (h / stride * width + w / stride) * dst_block;
      for (std::int64_t c = 0; c < length; ++c) out[c] = share * in[c];
    }
  }
}

void zero_image(const ChannelBlocks& blocks, float* data, std::int64_t image) {
  const std::int64_t stored = blocks.blocks * blocks.pixels() * blocks.block;
  std::fill_n(data + image * stored, stored, 0.0f);
}

}  // namespace

PoolAndPad::PoolAndPad(const Device& device, const Shape& src, std::int64_t out_channels, std::int64_t stride)
    : src_(device.activation_layout(src)),
      dst_(device.activation_layout({src[0], out_channels, src[2] / stride, src[3] / stride})),
      stride_(stride),
      before_((out_channels - src[1]) / 2) {
  if (out_channels < src[1]) throw std::logic_error("PoolAndPad: fewer channels out than in");
  if (src[2] % stride != 0 || src[3] % stride != 0)
    throw std::logic_error("PoolAndPad: size is no multiple of stride");
}

void PoolAndPad::forward(Device& device, const Tensor& src, Tensor& dst) const {
  if (device.is_planning()) return;
  const ChannelBlocks narrow(src_), wide(dst_);
  const std::vector<Run> runs = channel_runs(narrow, wide, before_);
  parallel_ranges(narrow.images, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) {
      zero_image(wide, dst.data(), n);
      for (const Run& run : runs) {
        pool_run(src.data() + narrow.offset(n, run.from), narrow.block, narrow.width,
                 dst.data() + wide.offset(n, run.to), wide.block, wide.height, wide.width, stride_,
                 run.length);
      }
    }
  });
}

void PoolAndPad::backward(Device& device, const Tensor& diff_dst, Tensor& diff_src) const {
  if (device.is_planning()) return;
  const ChannelBlocks narrow(src_), wide(dst_);
  const std::vector<Run> runs = channel_runs(narrow, wide, before_);
  const bool padded = narrow.blocks * narrow.block != narrow.channels;
  parallel_ranges(narrow.images, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) {
      if (padded) zero_image(narrow, diff_src.data(), n);
      for (const Run& run : runs) {
        spread_run(diff_src.data() + narrow.offset(n, run.from), narrow.block, narrow.width,
                   diff_dst.data() + wide.offset(n, run.to), wide.block, wide.height, wide.width, stride_,
                   run.length);
      }
    }
  });
}

void global_average_pool(Device& device, const Tensor& src, Tensor& features, std::int64_t first) {
  if (device.is_planning()) return;
  const ChannelBlocks blocks(src.layout());
  const std::int64_t columns = features.shape()[1];
  const float share = 1.0f / static_cast<float>(blocks.pixels());
  parallel_ranges(blocks.images, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) {
      for (std::int64_t c = 0; c < blocks.channels; ++c) {
        const float* in = src.data() + blocks.offset(n, c);
        float sum = 0.0f;
        for (std::int64_t pixel = 0; pixel < blocks.pixels(); ++pixel) sum += in[pixel * blocks.block];
        features.data()[n * columns + first + c] = share * sum;
      }
    }
  });
}

void global_average_pool_backward(Device& device, const Tensor& diff_features, std::int64_t first,
                                  Tensor& diff_src) {
  if (device.is_planning()) return;
  const ChannelBlocks blocks(diff_src.layout());
  const std::int64_t columns = diff_features.shape()[1];
  const float share = 1.0f / static_cast<float>(blocks.pixels());
  parallel_ranges(blocks.images, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) {
      zero_image(blocks, diff_src.data(), n);
      for (std::int64_t c = 0; c < blocks.channels; ++c) {
        const float value = share * diff_features.data()[n * columns + first + c];
        float* out = diff_src.data() + blocks.offset(n, c);
        for (std::int64_t pixel = 0; pixel < blocks.pixels(); ++pixel) out[pixel * blocks.block] = value;
      }
    }
  });
}

}  // namespace revnet
