#include "tensor/layout.h"

#include <functional>
#include <numeric>
#include <stdexcept>

#include "tensor/onednn.h"

namespace revnet {

std::int64_t elements(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

Layout::Layout() {
  static const Layout empty{dnnl::memory::desc()};
  known_ = empty.known_;
}

Layout::Layout(const dnnl::memory::desc& desc)
    : known_(std::make_shared<const Known>(Known{desc, desc.get_size()})) {}

Layout Layout::plain(const Shape& shape) {
  dnnl::memory::dims strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return Layout(dnnl::memory::desc(shape, dnnl::memory::data_type::f32, strides));
}

Layout Layout::raw_bytes(std::size_t bytes) {
  return Layout(dnnl::memory::desc({static_cast<std::int64_t>(bytes)}, dnnl::memory::data_type::u8,
                                   dnnl::memory::format_tag::a));
}

Shape Layout::shape() const {
  return onednn::dims_of(desc());
}

ChannelBlocks::ChannelBlocks(const Layout& layout) {
  const Shape shape = layout.shape();
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
    if (layout.desc() == dnnl::memory::desc(shape, dnnl::memory::data_type::f32, tag)) {
      block = size;
      blocks = (channels + block - 1) / block;
      return;
    }
  }
  throw std::logic_error("ChannelBlocks: not a layout that oneDNN gives activations");
}

}  // namespace revnet
