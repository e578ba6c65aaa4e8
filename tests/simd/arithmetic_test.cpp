#include "fused/simd/arithmetic.h"

#include <doctest/doctest.h>

#include "fused/simd/peak.h"
#include "simd/targets.h"

namespace revnet::testing {
namespace {

// Counted by hand. Two images of 8x8 pixels make 8 tiles in 4 rows of 2, and 8 -> 16 channels 128 filters.
// Forward: products 8 tiles x 36 points x 128; 8 channels x (4 rows x 10 columns + 8 tiles x 6 rows) x 12
// instructions read; 16 channels x 8 tiles x 10 x 10 written; 128 filters x 9 x 12.
TEST_CASE("the arithmetic of Winograd is what its products and transforms take") {
  const simd::Arithmetic counted = simd::winograd_arithmetic({2, 8, 8, 8}, 8, 16);
  CHECK(counted.forward == 36864 + 8448 + 12800 + 13824);
  // Twice the products; 16 channels of the output gradient with, 8 of the input without a border; 8 written.
  CHECK(counted.backward == 73728 + 16896 + 5120 + 6400 + 13824 + 14976);
}

TEST_CASE("tiles that reach beyond the image count in full") {
  const simd::Images cut{1, 5, 6, 8}, whole{1, 8, 8, 8};
  CHECK(simd::winograd_arithmetic(cut, 8, 8).forward == simd::winograd_arithmetic(whole, 8, 8).forward);
}

TEST_CASE("1x1 and direct convolutions take a multiply-add for each tap") {
  const simd::Arithmetic pointwise = simd::product_arithmetic({1, 4, 4, 8}, 1, 8, 16);
  CHECK(pointwise.forward == 2048);
  CHECK(pointwise.backward == 4096);
  const simd::Arithmetic direct = simd::product_arithmetic({1, 4, 4, 8}, 9, 8, 16);  // 3x3/2 of 8x8 pixels
  CHECK(direct.forward == 18432);
  CHECK(direct.backward == 36864);
}

TEST_CASE("peak loops do what they count, on every instruction set") {
  alignas(64) float values[64 * 5];
  for (int i = 0; i < 64 * 5; ++i) values[i] = static_cast<float>(i);
  each_target([&] {
    const double done = simd::multiply_adds(1000, 2);
    CHECK(done >= 1000);
    CHECK(done < 2 * 2000);
    for (const int threads : {1, 2, 7}) CHECK(simd::read(values, 64 * 5, threads) == 320 * 319 / 2);
  });
}

}  // namespace
}  // namespace revnet::testing
