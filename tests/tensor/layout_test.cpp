#include "tensor/layout.h"

#include <numeric>
#include <stdexcept>

#include <doctest/doctest.h>

#include "tensor/onednn_handles.h"

namespace revnet {
namespace {

using Tag = dnnl::memory::format_tag;

Layout layout_of(const Shape& shape, Tag tag) {
  return onednn::layout_of({shape, dnnl::memory::data_type::f32, tag});
}

TEST_CASE("elements multiply the dimensions") {
  CHECK(elements({2, 3, 4, 5}) == 120);
  CHECK(elements({7}) == 7);
  CHECK(elements({}) == 1);
  CHECK(elements({100000, 100000}) == 10'000'000'000);  // exceeds 32 bits
}

TEST_CASE("a plain layout is row-major") {
  const Layout layout = Layout::plain({2, 3, 4, 5});
  CHECK(layout == layout_of({2, 3, 4, 5}, Tag::nchw));
  CHECK(layout.shape() == Shape{2, 3, 4, 5});
  CHECK(layout.bytes() == 120 * sizeof(float));
  CHECK(layout.stored_elements() == 120);
  CHECK(Layout::plain({6, 7}) == layout_of({6, 7}, Tag::ab));
  CHECK(Layout::plain({9}) == layout_of({9}, Tag::a));
}

TEST_CASE("layouts are compared by shape and arrangement") {
  CHECK(Layout::plain({2, 3}) == Layout::plain({2, 3}));
  CHECK(Layout::plain({2, 3}) != Layout::plain({3, 2}));
  CHECK(layout_of({2, 16, 4, 5}, Tag::nchw) != layout_of({2, 16, 4, 5}, Tag::nhwc));
}

TEST_CASE("blocked layouts count their padding") {
  CHECK(layout_of({3, 12, 5, 7}, Tag::nChw16c).bytes() == 3 * 16 * 5 * 7 * sizeof(float));
  CHECK(layout_of({3, 12, 5, 7}, Tag::nChw8c).bytes() == 3 * 16 * 5 * 7 * sizeof(float));
  CHECK(layout_of({3, 56, 5, 7}, Tag::nChw16c).stored_elements() == 3 * 64 * 5 * 7);
  CHECK(layout_of({3, 56, 5, 7}, Tag::nChw8c).stored_elements() == 3 * 56 * 5 * 7);
}

// oneDNN lays out the elements 0, 1, 2, ...; offset() must find each of them.
TEST_CASE("channel blocks find every element where oneDNN puts it") {
  Device device(1, 1 << 20);
  for (const std::int64_t channels : {3, 12, 16, 56}) {
    for (const Tag tag : {Tag::nchw, Tag::nChw4c, Tag::nChw8c, Tag::nChw16c, Tag::nhwc}) {
      CAPTURE(channels);
      CAPTURE(static_cast<int>(tag));
      const Shape shape{3, channels, 4, 5};
      std::vector<float> plain(static_cast<std::size_t>(elements(shape)));
      std::iota(plain.begin(), plain.end(), 0.0f);
      Tensor tensor(device, layout_of(shape, tag), MemoryPurpose::temporaries);
      copy_from_plain(plain, tensor);

      const ChannelBlocks blocks(tensor.layout());
      CHECK(blocks.images == 3);
      CHECK(blocks.channels == channels);
      CHECK(blocks.height == 4);
      CHECK(blocks.width == 5);
      CHECK(blocks.pixels() == 20);
      CHECK(blocks.images * blocks.blocks * blocks.block * blocks.pixels() ==
            tensor.layout().stored_elements());
      std::size_t next = 0;
      bool all_found = true;
      for (std::int64_t n = 0; n < 3; ++n) {
        for (std::int64_t c = 0; c < channels; ++c) {
          for (std::int64_t pixel = 0; pixel < 20; ++pixel) {
            all_found &= tensor.data()[blocks.offset(n, c) + pixel * blocks.block] == plain[next++];
          }
        }
      }
      CHECK(all_found);
    }
  }
}

TEST_CASE("channel blocks refuse other layouts") {
  CHECK_THROWS_AS(ChannelBlocks{Layout::plain({2, 3})}, std::logic_error);
  CHECK_THROWS_AS(ChannelBlocks{layout_of({16, 16, 3, 3}, Tag::OIhw16i16o)}, std::logic_error);
}

}  // namespace
}  // namespace revnet
