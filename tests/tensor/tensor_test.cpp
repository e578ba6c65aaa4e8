#include "tensor/tensor.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include <doctest/doctest.h>

#include "tensor/onednn_handles.h"

namespace revnet {
namespace {

using Tag = dnnl::memory::format_tag;
using enum MemoryPurpose;

constexpr std::size_t arena_bytes = 1 << 20;

std::vector<float> counting(std::size_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 1.0f);
  return values;
}

bool all_nan(const Tensor& tensor) {
  const auto values = tensor.values();
  return std::all_of(values.begin(), values.end(), [](float x) { return std::isnan(x); });
}

TEST_CASE("a poisoned buffer is NaN every time it is taken") {
  Device device(1, arena_bytes, true);
  const float* where = nullptr;
  for (int time = 0; time < 2; ++time) {
    Tensor tensor(device, device.activation_layout({2, 12, 3, 3}), temporaries);
    if (time > 0) CHECK(tensor.data() == where);  // the buffer that was zeroed below
    CHECK(all_nan(tensor));
    where = tensor.data();
    set_zero(tensor);
    CHECK_FALSE(all_nan(tensor));
  }
}

TEST_CASE("set_zero clears the padding too") {
  Device device(1, arena_bytes, true);
  Tensor tensor(device, device.activation_layout({2, 12, 3, 3}), temporaries);
  set_zero(tensor);
  CHECK(std::all_of(tensor.values().begin(), tensor.values().end(), [](float x) { return x == 0.0f; }));
}

TEST_CASE("values survive conversion into a layout and back") {
  Device device(2, arena_bytes, true);
  for (const std::int64_t channels : {3, 12, 16, 56, 64}) {
    for (const std::int64_t batch : {1, 3}) {
      const Shape shape{batch, channels, 5, 3};
      for (const Layout& layout : {Layout::plain(shape), device.activation_layout(shape)}) {
        CAPTURE(channels);
        Tensor tensor(device, layout, temporaries);
        const std::vector<float> values = counting(static_cast<std::size_t>(elements(shape)));
        copy_from_plain(values, tensor);
        CHECK(to_plain(tensor) == values);
        // Everything that is not a value is padding, which must be zero.
        std::vector<float> stored(tensor.values().begin(), tensor.values().end());
        std::sort(stored.begin(), stored.end());
        const std::size_t padding = stored.size() - values.size();
        CHECK(std::all_of(stored.begin(), stored.begin() + static_cast<std::ptrdiff_t>(padding),
                          [](float x) { return x == 0.0f; }));
        CHECK(
            std::equal(values.begin(), values.end(), stored.begin() + static_cast<std::ptrdiff_t>(padding)));
      }
    }
  }
}

TEST_CASE("copying a wrong number of values throws") {
  Device device(1, arena_bytes);
  Tensor tensor(device, Layout::plain({2, 3}), temporaries);
  CHECK_THROWS_AS(copy_from_plain(counting(5), tensor), std::logic_error);
}

TEST_CASE("values can be reordered between any two layouts") {
  Device device(2, arena_bytes, true);
  const Shape shape{2, 12, 4, 3};
  const std::vector<float> values = counting(static_cast<std::size_t>(elements(shape)));
  for (const Tag from : {Tag::nchw, Tag::nhwc, Tag::nChw8c, Tag::nChw16c}) {
    for (const Tag to : {Tag::nchw, Tag::nhwc, Tag::nChw8c, Tag::nChw16c}) {
      const auto f32 = dnnl::memory::data_type::f32;
      Tensor src(device, onednn::layout_of({shape, f32, from}), temporaries),
          dst(device, onednn::layout_of({shape, f32, to}), temporaries);
      copy_from_plain(values, src);
      copy_from_plain(to_plain(src), dst);
      CHECK(to_plain(dst) == values);
      CHECK(std::none_of(dst.values().begin(), dst.values().end(), [](float x) { return std::isnan(x); }));
    }
  }
}

TEST_CASE("the ledger counts a tensor while it lives") {
  Device device(1, arena_bytes);
  {
    const Tensor tensor(device, Layout::plain({10, 10}), gradients);
    CHECK_FALSE(tensor.empty());
    CHECK(device.ledger().live(gradients) == 400);
    CHECK(device.ledger().live() == 400);
  }
  CHECK(device.ledger().live(gradients) == 0);
  CHECK(device.ledger().live() == 0);
  CHECK(device.ledger().peak(gradients) == 400);
}

TEST_CASE("move construction passes the buffer on") {
  Device device(1, arena_bytes);
  Tensor first(device, Layout::plain({4}), tape);
  copy_from_plain(counting(4), first);
  const float* where = first.data();
  Tensor second(std::move(first));
  CHECK(first.empty());  // NOLINT: the state of a moved-from tensor is part of the contract
  CHECK(first.data() == nullptr);
  CHECK(second.data() == where);
  CHECK(second.shape() == Shape{4});
  CHECK(to_plain(second) == counting(4));
  CHECK(device.ledger().live(tape) == 16);
}

TEST_CASE("move assignment returns the old buffer") {
  Device device(1, arena_bytes);
  Tensor target(device, Layout::plain({100}), tape);
  Tensor source(device, Layout::plain({4}), gradients);
  const float* old = target.data();
  const float* where = source.data();
  target = std::move(source);
  CHECK(source.empty());  // NOLINT
  CHECK(target.data() == where);
  CHECK(device.ledger().live(tape) == 0);
  CHECK(device.ledger().live(gradients) == 16);
  const Tensor next(device, Layout::plain({100}), tape);
  CHECK(next.data() == old);
  target = Tensor();
  CHECK(target.empty());
  CHECK(device.ledger().live(gradients) == 0);
}

TEST_CASE("assigning a tensor to itself changes nothing") {
  Device device(1, arena_bytes);
  Tensor tensor(device, Layout::plain({4}), tape);
  copy_from_plain(counting(4), tensor);
  Tensor& same = tensor;
  tensor = std::move(same);
  CHECK(to_plain(tensor) == counting(4));
  CHECK(device.ledger().live(tape) == 16);
}

TEST_CASE("an output becomes a saved activation") {
  Device device(1, arena_bytes);
  {
    Tensor tensor(device, Layout::plain({25}), temporaries);
    tensor.set_purpose(saved_activations);
    CHECK(device.ledger().live(temporaries) == 0);
    CHECK(device.ledger().live(saved_activations) == 100);
    CHECK(device.ledger().peak() == 100);  // moved between purposes, never counted twice
    Tensor moved(std::move(tensor));
    CHECK(device.ledger().live(saved_activations) == 100);
  }
  CHECK(device.ledger().live(saved_activations) == 0);
  CHECK(device.ledger().live() == 0);
}

TEST_CASE("a tensor that does not fit leaves the ledger alone") {
  Device device(1, 4096);
  CHECK_THROWS(Tensor(device, Layout::plain({2000}), tape));
  CHECK(device.ledger().live() == 0);
  CHECK(device.ledger().peak() == 0);
}

}  // namespace
}  // namespace revnet
