#include "fused/simd/pointwise.h"

#include <doctest/doctest.h>

#include "simd/checks.h"
#include "simd/targets.h"

namespace revnet::testing {
namespace {

using Bench = ConvolutionBench<simd::Pointwise>;
using Case = ConvolutionCase;

TEST_CASE("1x1 convolutions and gradients are the definition's on every instruction set") {
  const std::vector<Case> cases{{1, 8, 8, 4, 4, 8},      {2, 64, 16, 16, 16, 16}, {2, 16, 64, 16, 16, 16},
                                {3, 24, 40, 5, 9, 8},    {9, 16, 48, 4, 4, 16},   {1, 12, 20, 12, 12, 16},
                                {1, 256, 64, 8, 8, 16},  {1, 64, 256, 8, 8, 16},  {1, 32, 128, 64, 64, 16},
                                {2, 128, 32, 10, 10, 8}, {5, 16, 16, 6, 6, 8},    {2, 16, 48, 13, 20, 16}};
  for (Case what : cases) {
    what.size = 1;
    Bench bench(what);
    each_target([&] {
      INFO(what.images << " x " << what.in << " -> " << what.out << ", " << what.height << " x " << what.width
                       << ", blocks of " << what.block);
      check_forward(bench);
      check_backward(bench);
    });
  }
}

// Groups of 1 to 14 pixels are multiplied by code of their own each.
TEST_CASE("1x1 convolutions take any number of pixels") {
  for (std::int64_t width = 1; width <= 15; ++width) {
    for (Case what : {Case{2, 32, 48, 1, width, 16}, Case{2, 24, 40, 1, width, 8}}) {
      what.size = 1;
      Bench bench(what);
      each_target([&] {
        INFO(width << " pixels, blocks of " << what.block);
        check_forward(bench);
        check_backward(bench);
      });
    }
  }
}

TEST_CASE("1x1 convolutions refuse channels that do not fill blocks") {
  CHECK_THROWS_AS(simd::Pointwise({1, 8, 8, 16}, 12, 16), std::logic_error);
}

}  // namespace
}  // namespace revnet::testing
