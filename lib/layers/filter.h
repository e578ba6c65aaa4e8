// A convolution's filter: its shape, and its weight in the layout the engine computes with.
#pragma once

#include <algorithm>
#include <string>

#include "layers/parameter.h"

namespace revnet {

// Output pixels per side for an input of `size` under TensorFlow's SAME padding: ceil(size / stride).
inline std::int64_t strided_size(std::int64_t size, std::int64_t stride) {
  return (size + stride - 1) / stride;
}

// SAME padding of one dimension: the least that gives strided_size() outputs; an odd pixel comes after.
struct Padding {
  std::int64_t before, after;
};
inline Padding same_padding(std::int64_t size, std::int64_t kernel, std::int64_t stride) {
  const std::int64_t all =
      std::max<std::int64_t>((strided_size(size, stride) - 1) * stride + kernel - size, 0);
  return {all / 2, all - all / 2};
}

// A two-dimensional convolution without bias, with TensorFlow's SAME padding.
struct ConvolutionShape {
  std::int64_t batch, in, out, height, width, kernel, stride;

  std::int64_t out_height() const { return strided_size(height, stride); }
  std::int64_t out_width() const { return strided_size(width, stride); }
  Shape src() const { return {batch, in, height, width}; }
  Shape weights() const { return {out, in, kernel, kernel}; }
  Shape dst() const { return {batch, out, out_height(), out_width()}; }
  auto operator<=>(const ConvolutionShape&) const = default;  // NOLINT(modernize-use-nullptr): its zero
  std::int64_t macs_per_image() const { return out * in * kernel * kernel * out_height() * out_width(); }
};

class Filter {
 public:
  // `name` ends in ".../conv1/weight". `layout` is that of the weight and its gradient. `of_images` says that
  // the input is the image batch, which needs no gradient.
  Filter(Device& device, const std::string& name, Rows rows, const ConvolutionShape& shape,
         const Layout& layout, bool of_images = false);
  virtual ~Filter() = default;
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  const ConvolutionShape& shape() const { return shape_; }
  bool of_images() const { return of_images_; }
  Parameter& weight() { return weight_; }
  const Parameter& weight() const { return weight_; }

  // Updates what is derived from the weight, such as copies in other layouts. Call it whenever the weight has
  // changed.
  virtual void weight_changed() {}

 private:
  ConvolutionShape shape_;
  bool of_images_;
  Parameter weight_;
};

}  // namespace revnet
