#include "fused/simd/direct.h"

#include <doctest/doctest.h>

#include "simd/checks.h"
#include "simd/targets.h"

namespace revnet::testing {
namespace {

using simd::Direct;

TEST_CASE("strided convolutions and gradients are the definition's on every instruction set") {
  const std::vector<ConvolutionCase> cases{
      {2, 16, 32, 32, 32, 8, 3, 2}, {2, 32, 64, 16, 16, 16, 3, 2}, {3, 24, 40, 7, 9, 8, 3, 2},
      {9, 16, 8, 8, 8, 8, 3, 2},    {2, 64, 32, 14, 14, 16, 1, 2}, {7, 20, 12, 7, 5, 16, 1, 2},
      {2, 8, 16, 12, 11, 8, 7, 2},  {1, 16, 16, 10, 10, 8, 3, 3},  {2, 8, 8, 5, 6, 8, 2, 2},
      {2, 8, 16, 6, 10, 8, 3, 1},   {1, 16, 8, 8, 8, 16, 5, 4},    {100, 8, 8, 1, 1, 8, 3, 2},
      {1, 8, 24, 40, 200, 8, 3, 2}};
  for (const ConvolutionCase& what : cases) {
    ConvolutionBench<Direct> bench(what);
    each_target([&] {
      INFO(what.size << " x " << what.size << " / " << what.stride << ": " << what.images << " x " << what.in
                     << " -> " << what.out << ", " << what.height << " x " << what.width << ", blocks of "
                     << what.block);
      check_forward(bench);
      check_backward(bench);
    });
  }
}

TEST_CASE("channels of a direct convolution that are no blocks are refused") {
  CHECK_THROWS_AS(Direct({.images = {1, 8, 8, 16}, .kernel = 3, .stride = 2}, 12, 16), std::logic_error);
}

}  // namespace
}  // namespace revnet::testing
