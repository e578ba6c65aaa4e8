#include "layers/filter.h"

#include <cmath>

namespace revnet {
namespace {

// The reference code draws convolution weights with standard deviation sqrt(2 / (k * k * out)).
Initial initial_weight(const ConvolutionShape& shape, std::int64_t out) {
  const double fan_out = static_cast<double>(shape.kernel * shape.kernel * out);
  return {Initial::Kind::truncated_normal, std::sqrt(2.0 / fan_out)};
}

}  // namespace

Filter::Filter(Device& device, const std::string& name, Rows rows, const ConvolutionShape& shape,
               const Layout& layout, bool of_images)
    : shape_(shape),
      of_images_(of_images),
      weight_(device, name, rows, layout, initial_weight(shape, rows.total), true) {}

}  // namespace revnet
