// Shape and memory layout of a tensor.
//
// A Layout is a value: logical dimensions and where each element lies. oneDNN describes it, and
// tensor/onednn_handles.h hands that description to the folders that call oneDNN; no other code sees it.
// Blocked layouts pad the channels to a multiple of the block; the padding holds zeros, and every operation
// preserves them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace revnet {

// Logical dimensions, outermost first: [N, C, H, W] for activations, [out, in, kh, kw] for convolutions.
using Shape = std::vector<std::int64_t>;

std::int64_t elements(const Shape& shape);

class Layout {
 public:
  struct Description;  // oneDNN's description: tensor/onednn_handles.h

  Layout();
  explicit Layout(Description description);

  // Row-major float32.
  static Layout plain(const Shape& shape);
  // Weights [out, in, kh, kw] with out and in in blocks of 8 or 16, the block of out innermost (oneDNN's
  // OIhw8i8o and OIhw16i16o).
  static Layout blocked_weights(const Shape& shape, std::int64_t block);
  // Opaque bytes, for a mask or a scratchpad.
  static Layout raw_bytes(std::size_t bytes);

  const Shape& shape() const;
  // Bytes of the buffer, padding included.
  std::size_t bytes() const;
  // Floats in the buffer, padding included.
  std::int64_t stored_elements() const { return static_cast<std::int64_t>(bytes() / sizeof(float)); }

  const Description& description() const { return *description_; }
  bool operator==(const Layout& other) const;

 private:
  std::shared_ptr<const Description> description_;  // shared among copies: in oneDNN 2 one has 700 bytes
};

// An [N, C, H, W] layout as element strides, for loops outside oneDNN. Element (n, c, h, w) lies at
//   ((n * blocks + c / block) * H + h) * W * block + w * block + c % block,  blocks = ceil(C / block).
// NCHW has block 1; NHWC has one block of all channels.
struct ChannelBlocks {
  std::int64_t images, channels, height, width;
  std::int64_t block;   // channels stored side by side
  std::int64_t blocks;  // blocks per image, the last one possibly padded

  explicit ChannelBlocks(const Layout& layout);
  std::int64_t pixels() const { return height * width; }
  // Channels in memory, padding included.
  std::int64_t stored_channels() const { return blocks * block; }
  // Offset in floats of pixel 0 of a channel of an image; the next pixel lies `block` floats further.
  std::int64_t offset(std::int64_t image, std::int64_t channel) const {
    return (image * blocks + channel / block) * pixels() * block + channel % block;
  }
};

}  // namespace revnet
