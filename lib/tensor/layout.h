// Shape and physical arrangement of a tensor.
//
// A Layout is a value: logical dimensions plus where each element lies, as oneDNN describes it. Blocked
// layouts pad the channels up to the block; the padding holds zeros, and every operation keeps it so.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <dnnl.hpp>

namespace revnet {

// Logical dimensions, outermost first: [N, C, H, W] for activations, [out, in, kh, kw] for convolutions.
using Shape = std::vector<std::int64_t>;

std::int64_t elements(const Shape& shape);

class Layout {
 public:
  Layout();
  explicit Layout(const dnnl::memory::desc& desc);

  // Row-major float32.
  static Layout plain(const Shape& shape);
  // Opaque bytes, e.g. a mask or a scratchpad.
  static Layout raw_bytes(std::size_t bytes);

  const dnnl::memory::desc& desc() const { return known_->desc; }
  Shape shape() const;
  // Bytes of the buffer, padding included.
  std::size_t bytes() const { return known_->bytes; }
  // Floats in the buffer, padding included.
  std::int64_t stored_elements() const { return static_cast<std::int64_t>(bytes() / sizeof(float)); }

  bool operator==(const Layout& other) const { return desc() == other.desc(); }
  bool operator!=(const Layout& other) const { return !(*this == other); }

 private:
  // Shared among copies: a description of oneDNN 2 has 700 bytes, and every tensor has one.
  struct Known {
    dnnl::memory::desc desc;
    std::size_t bytes;
  };
  std::shared_ptr<const Known> known_;
};

// An [N, C, H, W] layout as element strides, for the few loops of our own: element (n, c, h, w) lies at
// ((n * blocks + c / block) * H + h) * W * block + w * block + c % block, where blocks = ceil(C / block).
// NCHW has block 1, NHWC has one block of all channels.
struct ChannelBlocks {
  std::int64_t images, channels, height, width;
  std::int64_t block;   // channels that lie side by side
  std::int64_t blocks;  // per image, the last one possibly padded

  explicit ChannelBlocks(const Layout& layout);
  std::int64_t pixels() const { return height * width; }
  // Offset of pixel 0 of a channel of an image; the next pixel lies `block` floats further.
  std::int64_t offset(std::int64_t image, std::int64_t channel) const {
    return (image * blocks + channel / block) * pixels() * block + channel % block;
  }
};

}  // namespace revnet
