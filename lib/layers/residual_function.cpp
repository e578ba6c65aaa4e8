#include "layers/residual_function.h"

namespace revnet {

std::vector<ConvolutionShape> convolutions_of(const ResidualShape& shape, std::int64_t batch) {
  const ConvolutionShape first{.batch = batch,
                               .in = shape.in,
                               .out = shape.bottleneck ? shape.out / 4 : shape.out,
                               .height = shape.height,
                               .width = shape.width,
                               .kernel = shape.bottleneck ? 1 : 3,
                               .stride = shape.stride};
  ConvolutionShape middle = first;
  middle.in = first.out;
  middle.height = first.out_height();
  middle.width = first.out_width();
  middle.kernel = 3;
  middle.stride = 1;
  if (!shape.bottleneck) return {first, middle};
  ConvolutionShape last = middle;
  last.out = shape.out;
  last.kernel = 1;
  return {first, middle, last};
}

}  // namespace revnet
