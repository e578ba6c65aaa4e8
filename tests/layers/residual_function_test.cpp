#include "layers/residual_function.h"

#include <doctest/doctest.h>

namespace revnet {
namespace {

TEST_CASE("a basic function has two 3x3 convolutions, and the first has the stride") {
  const std::vector<ConvolutionShape> convolutions =
      convolutions_of({.in = 16, .out = 32, .height = 7, .width = 8, .stride = 2}, 5);
  REQUIRE(convolutions.size() == 2);
  CHECK(convolutions[0] == ConvolutionShape{5, 16, 32, 7, 8, 3, 2});
  CHECK(convolutions[1] == ConvolutionShape{5, 32, 32, 4, 4, 3, 1});
}

TEST_CASE("a bottleneck is a quarter as wide inside, and its first 1x1 convolution has the stride") {
  const std::vector<ConvolutionShape> convolutions =
      convolutions_of({.in = 64, .out = 128, .height = 8, .width = 8, .stride = 2, .bottleneck = true}, 3);
  REQUIRE(convolutions.size() == 3);
  CHECK(convolutions[0] == ConvolutionShape{3, 64, 32, 8, 8, 1, 2});
  CHECK(convolutions[1] == ConvolutionShape{3, 32, 32, 4, 4, 3, 1});
  CHECK(convolutions[2] == ConvolutionShape{3, 32, 128, 4, 4, 1, 1});
}

}  // namespace
}  // namespace revnet
