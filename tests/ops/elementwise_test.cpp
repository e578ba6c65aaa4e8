#include "ops/elementwise.h"

#include <algorithm>
#include <functional>
#include <stdexcept>

#include <doctest/doctest.h>

#include "reference/support.h"

namespace revnet {
namespace {

// From a single float to more than two pages per thread, with and without channel padding.
std::vector<Layout> layouts(const Device& device) {
  return {Layout::plain({1}),
          Layout::plain({4096}),
          Layout::plain({4097}),
          Layout::plain({3, 7001}),
          device.activation_layout({1, 12, 5, 5}),
          device.activation_layout({3, 56, 7, 9}),
          device.activation_layout({3, 64, 16, 16})};
}

// One float operation per element makes the result exact, so it is compared for equality.
void check_elementwise(void (*operation)(const Tensor&, Tensor&),
                       const std::function<float(float src, float dst)>& expected) {
  TestDevice device;
  for (const Layout& layout : layouts(device)) {
    const std::int64_t count = elements(layout.shape());
    CAPTURE(count);
    const std::vector<float> src_values = random_floats(count, 1), dst_values = random_floats(count, 2);
    const Tensor src = filled(device, layout, src_values);
    Tensor dst = filled(device, layout, dst_values);
    operation(src, dst);
    const std::vector<float> actual = to_plain(dst);
    std::vector<float> exact(actual.size());
    std::transform(src_values.begin(), src_values.end(), dst_values.begin(), exact.begin(), expected);
    CHECK(actual == exact);
    CHECK(to_plain(src) == src_values);
    if (layout.shape().size() == 4) CHECK(padding_is_zero(dst));
  }
}

TEST_CASE("add accumulates into dst") {
  check_elementwise(add, [](float src, float dst) { return dst + src; });
}

TEST_CASE("subtract takes src away from dst") {
  check_elementwise(subtract, [](float src, float dst) { return dst - src; });
}

TEST_CASE("negate gives the negative of src") {
  check_elementwise(negate, [](float src, float) { return -src; });
}

TEST_CASE("elementwise operations refuse different layouts") {
  TestDevice device;
  const Tensor src = filled(device, Layout::plain({3, 16, 4, 4}), random_floats(768, 1));
  Tensor dst = poisoned(device, Layout::plain({3, 16, 16}));
  CHECK_THROWS_AS(subtract(src, dst), std::logic_error);
  CHECK_THROWS_AS(add(src, dst), std::logic_error);
  CHECK_THROWS_AS(negate(src, dst), std::logic_error);
}

}  // namespace
}  // namespace revnet
