#include "ops/max_pooling.h"

#include "layers/filter.h"
#include "tensor/onednn.h"
#include "tensor/primitive.h"

namespace revnet {
namespace {

constexpr std::int64_t kernel = 3, stride = 2;

}  // namespace

struct MaxPool::Primitives {
  Primitives(const Device& device, const Layout& src, const Layout& dst) {
    using onednn::desc_of, onednn::engine_of;
    constexpr auto maximum = dnnl::algorithm::pooling_max;
    const dnnl::memory::dims steps{stride, stride}, window{kernel, kernel}, dense{0, 0};
    const Padding high = same_padding(src.shape()[2], kernel, stride),
                  wide = same_padding(src.shape()[3], kernel, stride);
    const dnnl::memory::dims before{high.before, wide.before}, after{high.after, wide.after};
    const auto attributes = onednn::primitive_attributes();
    const auto describe_forward = onednn::describe<onednn::pooling_forward>(
        engine_of(device), attributes, dnnl::prop_kind::forward_training, maximum, desc_of(src), desc_of(dst),
        steps, window, dense, before, after);
    const auto describe_backward = onednn::describe_gradient<onednn::pooling_backward>(
        engine_of(device), attributes, describe_forward, maximum, desc_of(src), desc_of(dst), steps, window,
        dense, before, after);
    places = onednn::layout_of(describe_forward.workspace_desc());
    const Cost cost{Operation::pooling, src.shape()[2], 0,
                    static_cast<double>(src.bytes() + dst.bytes() + places.bytes())};
    forward = onednn::Primitive(describe_forward, cost);
    backward = onednn::Primitive(describe_backward, cost);
  }

  Layout places;
  onednn::Primitive forward, backward;
};

MaxPool::MaxPool(const Device& device, const Shape& src)
    : src_(device.activation_layout(src)),
      dst_(device.activation_layout(
          {src[0], src[1], strided_size(src[2], stride), strided_size(src[3], stride)})),
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
