#include "ops/max_pooling.h"

#include <doctest/doctest.h>

#include "reference/gradient_check.h"
#include "reference/support.h"

namespace revnet {
namespace {

// Even and odd sizes, with channels that do and do not fill whole blocks.
const Shape shapes[] = {{2, 16, 8, 8}, {1, 12, 7, 9}, {3, 20, 6, 5},
                        {2, 64, 4, 4}, {2, 8, 2, 1},  {1, 16, 1, 1}};

// All values are below zero, so that padding with zeros would show.
std::vector<float> below_zero(const Shape& shape) {
  return random_floats(elements(shape), 1, 1.0, -10.0);
}

TEST_CASE("max pooling agrees with the reference") {
  TestDevice device;
  for (const Shape& shape : shapes) {
    CAPTURE(shape[2]);
    const MaxPool pool(device, shape);
    CHECK(pool.dst_layout().shape() == Shape{shape[0], shape[1], (shape[2] + 1) / 2, (shape[3] + 1) / 2});
    const std::vector<float> src = below_zero(shape);
    Tensor dst = poisoned(device, pool.dst_layout()), places = poisoned(device, pool.places_layout());
    pool.forward(filled(device, pool.src_layout(), src), dst, places);
    CHECK(widen(to_plain(dst)) == naive::max_pool(shape, widen(src)));
    CHECK(padding_is_zero(dst));
  }
}

TEST_CASE("max pooling backward agrees with the reference") {
  TestDevice device;
  for (const Shape& shape : shapes) {
    CAPTURE(shape[2]);
    const MaxPool pool(device, shape);
    const std::vector<float> src = below_zero(shape);
    Tensor dst = poisoned(device, pool.dst_layout()), places = poisoned(device, pool.places_layout());
    pool.forward(filled(device, pool.src_layout(), src), dst, places);
    const std::vector<float> diff_dst = random_floats(elements(pool.dst_layout().shape()), 2);
    Tensor diff_src = poisoned(device, pool.src_layout());
    pool.backward(filled(device, pool.dst_layout(), diff_dst), places, diff_src);
    CHECK(padding_is_zero(diff_src));
    check_gradient(
        "src", to_plain(diff_src), naive::max_pool_backward(shape, widen(src), widen(diff_dst)), widen(src),
        [&](const naive::Values& x) { return projection(naive::max_pool(shape, x), widen(diff_dst)); });
  }
}

}  // namespace
}  // namespace revnet
