#include "tensor/layout.h"

#include <functional>
#include <numeric>
#include <stdexcept>

#include "tensor/onednn.h"
#include "tensor/onednn_handles.h"

namespace revnet {

std::int64_t elements(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

Layout::Description::Description(dnnl::memory::desc described)
    : desc(std::move(described)),  // NOLINT(performance-move-const-arg): oneDNN 3's is not trivial
      shape(onednn::dims_of(desc)),
      bytes(desc.get_size()) {}

Layout::Layout() {
  static const Layout empty{Description(dnnl::memory::desc())};
  description_ = empty.description_;
}

Layout::Layout(Description description)
    : description_(std::make_shared<const Description>(std::move(description))) {}

Layout Layout::plain(const Shape& shape) {
  dnnl::memory::dims strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return onednn::layout_of({shape, dnnl::memory::data_type::f32, strides});
}

Layout Layout::blocked_weights(const Shape& shape, std::int64_t block) {
  using Tag = dnnl::memory::format_tag;
  if (block != 8 && block != 16) throw std::logic_error("Layout: weights lie in blocks of 8 or 16");
  return onednn::layout_of(
      {shape, dnnl::memory::data_type::f32, block == 16 ? Tag::OIhw16i16o : Tag::OIhw8i8o});
}

Layout Layout::raw_bytes(std::size_t bytes) {
  return onednn::layout_of(
      {{static_cast<std::int64_t>(bytes)}, dnnl::memory::data_type::u8, dnnl::memory::format_tag::a});
}

const Shape& Layout::shape() const {
  return description_->shape;
}

std::size_t Layout::bytes() const {
  return description_->bytes;
}

bool Layout::operator==(const Layout& other) const {
  return description_ == other.description_ || description_->desc == other.description_->desc;
}

ChannelBlocks::ChannelBlocks(const Layout& layout) {
  const Shape& shape = layout.shape();
  if (shape.size() != 4) throw std::logic_error("ChannelBlocks: an [N, C, H, W] layout is needed");
  images = shape[0];
  channels = shape[1];
  height = shape[2];
  width = shape[3];
  using Tag = dnnl::memory::format_tag;
  const struct {
    Tag tag;
    std::int64_t block;
  } known[] = {{Tag::nchw, 1}, {Tag::nChw4c, 4}, {Tag::nChw8c, 8}, {Tag::nChw16c, 16}, {Tag::nhwc, channels}};
  for (const auto& [tag, size] : known) {
    if (onednn::desc_of(layout) == dnnl::memory::desc(shape, dnnl::memory::data_type::f32, tag)) {
      block = size;
      blocks = (channels + block - 1) / block;
      return;
    }
  }
  throw std::logic_error("ChannelBlocks: not one of oneDNN's activation layouts");
}

}  // namespace revnet
