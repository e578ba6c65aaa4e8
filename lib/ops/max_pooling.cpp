#include "ops/max_pooling.h"

#include <algorithm>

#include "tensor/onednn.h"
#include "tensor/primitive.h"

namespace revnet {
namespace {

constexpr std::int64_t kernel = 3, stride = 2;

std::int64_t pooled(std::int64_t size) {
  return (size + stride - 1) / stride;
}

// SAME padding of one dimension; if it is odd, the extra pixel comes after.
std::int64_t padding(std::int64_t size) {
  return std::max<std::int64_t>((pooled(size) - 1) * stride + kernel - size, 0);
}

}  // namespace

struct MaxPool::Primitives {
  Primitives(const Device& device, const Layout& src, const Layout& dst) {
    using onednn::desc_of, onednn::engine_of;
    constexpr auto maximum = dnnl::algorithm::pooling_max;
    const dnnl::memory::dims steps{stride, stride}, window{kernel, kernel}, dense{0, 0};
    const std::int64_t high = padding(src.shape()[2]), wide = padding(src.shape()[3]);
    const dnnl::memory::dims before{high / 2, wide / 2}, after{high - high / 2, wide - wide / 2};
    const auto attributes = onednn::primitive_attributes();
    const auto describe_forward = onednn::describe<onednn::pooling_forward>(
        engine_of(device), attributes, dnnl::prop_kind::forward_training, maximum, desc_of(src), desc_of(dst),
        steps, window, dense, before, after);
    const auto describe_backward = onednn::describe_gradient<onednn::pooling_backward>(
        engine_of(device), attributes, describe_forward, maximum, desc_of(src), desc_of(dst), steps, window,
        dense, before, after);
    places = onednn::layout_of(describe_forward.workspace_desc());
    const Work work{Operation::pooling, src.shape()[2], 0,
                    static_cast<double>(src.bytes() + dst.bytes() + places.bytes())};
    forward = onednn::Primitive(describe_forward, work);
    backward = onednn::Primitive(describe_backward, work);
  }

  Layout places;
  onednn::Primitive forward, backward;
};

MaxPool::MaxPool(const Device& device, const Shape& src)
    : src_(device.activation_layout(src)),
      dst_(device.activation_layout({src[0], src[1], pooled(src[2]), pooled(src[3])})),
      primitives_(std::make_unique<const Primitives>(device, src_, dst_)) {}

MaxPool::~MaxPool() = default;

const Layout& MaxPool::places_layout() const {
  return primitives_->places;
}

void MaxPool::forward(const Tensor& src, Tensor& dst, Tensor& places) const {
  using onednn::memory_of;
  primitives_->forward.run(dst.device(), {{DNNL_ARG_SRC, memory_of(src)},
                                          {DNNL_ARG_DST, memory_of(dst)},
                                          {DNNL_ARG_WORKSPACE, memory_of(places)}});
}

void MaxPool::backward(const Tensor& diff_dst, const Tensor& places, Tensor& diff_src) const {
  using onednn::memory_of;
  primitives_->backward.run(diff_src.device(), {{DNNL_ARG_DIFF_DST, memory_of(diff_dst)},
                                                {DNNL_ARG_WORKSPACE, memory_of(places)},
                                                {DNNL_ARG_DIFF_SRC, memory_of(diff_src)}});
}

}  // namespace revnet
