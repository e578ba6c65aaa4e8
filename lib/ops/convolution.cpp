#include "ops/convolution.h"

#include <algorithm>
#include <stdexcept>

namespace revnet {
namespace {

using dnnl::algorithm;
using Desc = dnnl::memory::desc;
using Dims = dnnl::memory::dims;

struct Padding {
  Dims before, after;
};

// TensorFlow's SAME: as little padding as gives ceil(size / stride) outputs, the odd one after.
Padding same_padding(const ConvolutionShape& shape) {
  const auto total = [&](std::int64_t size, std::int64_t out) {
    return std::max<std::int64_t>((out - 1) * shape.stride + shape.kernel - size, 0);
  };
  const std::int64_t high = total(shape.height, shape.out_height()),
                     wide = total(shape.width, shape.out_width());
  return {{high / 2, wide / 2}, {high - high / 2, wide - wide / 2}};
}

bool winograd_wins(const ConvolutionShape& shape, std::int64_t least_channels) {
  return shape.kernel == 3 && shape.stride == 1 && std::min(shape.in, shape.out) >= least_channels;
}

// The geometry of one convolution, from which the four primitives are described.
struct Description {
  Desc src, weights, dst;
  Dims strides;
  Padding padding;

  dnnl::convolution_forward::primitive_desc forward(const dnnl::engine& engine, algorithm how,
                                                    const dnnl::primitive_attr& attributes) const {
    return {
        {dnnl::prop_kind::forward_training, how, src, weights, dst, strides, padding.before, padding.after},
        attributes,
        engine};
  }
  dnnl::convolution_backward_data::primitive_desc backward_data(
      const dnnl::engine& engine, algorithm how,
      const dnnl::convolution_forward::primitive_desc& hint) const {
    return {
        {how, src, weights, dst, strides, padding.before, padding.after}, kernel_attributes(), engine, hint};
  }
  dnnl::convolution_backward_weights::primitive_desc backward_weights(
      const dnnl::engine& engine, algorithm how,
      const dnnl::convolution_forward::primitive_desc& hint) const {
    return {
        {how, src, weights, dst, strides, padding.before, padding.after}, kernel_attributes(), engine, hint};
  }
};

// Describes with Winograd if wanted and to be had (it exists for AVX-512 and oneDNN 2.x only), else direct.
template <class Describe>
auto describe(bool winograd, const Describe& with) {
  if (winograd) {
    try {
      return with(algorithm::convolution_winograd);
    } catch (const dnnl::error& error) {
      if (error.status != dnnl_unimplemented) throw;
    }
  }
  return with(algorithm::convolution_direct);
}

}  // namespace

Convolution::Convolution(const Device& device, const ConvolutionShape& shape, ConvolutionPolicy policy,
                         const ConvolutionRoles& roles)
    : shape_(shape),
      src_(roles.image_input ? Layout::plain(shape.src()) : device.activation_layout(shape.src())),
      dst_(device.activation_layout(shape.dst())) {
  const dnnl::engine& engine = device.engine();
  const bool may = policy == ConvolutionPolicy::automatic && !roles.image_input;
  const bool winograd = may && winograd_wins(shape, 32);
  const bool winograd_weights = may && winograd_wins(shape, 16);

  Description description{src_.desc(),
                          Desc(shape.weights(), dnnl::memory::data_type::f32, dnnl::memory::format_tag::any),
                          dst_.desc(),
                          {shape.stride, shape.stride},
                          same_padding(shape)};
  const auto forward = describe(
      winograd, [&](algorithm how) { return description.forward(engine, how, kernel_attributes()); });
  weights_ = Layout(forward.weights_desc());
  forward_ = Kernel(device, forward);

  const auto weight_gradient = describe(
      winograd_weights, [&](algorithm how) { return description.backward_weights(engine, how, forward); });
  weight_gradient_layout_ = Layout(weight_gradient.diff_weights_desc());
  backward_weights_ = Kernel(device, weight_gradient);

  if (!roles.image_input) {
    const auto data_gradient =
        describe(winograd, [&](algorithm how) { return description.backward_data(engine, how, forward); });
    backward_weights_layout_ = Layout(data_gradient.weights_desc());
    backward_data_ = Kernel(device, data_gradient);
  }
  if (roles.accumulates) {
    dnnl::post_ops sum;
    sum.append_sum(1.0f);
    dnnl::primitive_attr attributes = kernel_attributes();
    attributes.set_post_ops(sum);
    description.weights = weights_.desc();
    accumulate_ = Kernel(device, describe(winograd, [&](algorithm how) {
                           return description.forward(engine, how, attributes);
                         }));
  }
}

void Convolution::forward(Device& device, const Tensor& src, const Tensor& weights, Tensor& dst) const {
  forward_.run(
      device,
      {{DNNL_ARG_SRC, src.memory()}, {DNNL_ARG_WEIGHTS, weights.memory()}, {DNNL_ARG_DST, dst.memory()}});
}

void Convolution::forward_accumulate(Device& device, const Tensor& src, const Tensor& weights,
                                     Tensor& dst) const {
  if (accumulate_.empty()) throw std::logic_error("Convolution: built without the role accumulates");
  accumulate_.run(
      device,
      {{DNNL_ARG_SRC, src.memory()}, {DNNL_ARG_WEIGHTS, weights.memory()}, {DNNL_ARG_DST, dst.memory()}});
}

void Convolution::backward_data(Device& device, const Tensor& diff_dst, const Tensor& weights,
                                Tensor& diff_src) const {
  if (backward_data_.empty()) throw std::logic_error("Convolution: images have no gradient");
  backward_data_.run(device, {{DNNL_ARG_DIFF_DST, diff_dst.memory()},
                              {DNNL_ARG_WEIGHTS, weights.memory()},
                              {DNNL_ARG_DIFF_SRC, diff_src.memory()}});
}

void Convolution::backward_weights(Device& device, const Tensor& src, const Tensor& diff_dst,
                                   Tensor& diff_weights) const {
  const auto run = [&](const Tensor& gradient) {
    backward_weights_.run(device, {{DNNL_ARG_SRC, src.memory()},
                                   {DNNL_ARG_DIFF_DST, diff_dst.memory()},
                                   {DNNL_ARG_DIFF_WEIGHTS, gradient.memory()}});
  };
  if (weight_gradient_layout_ == weights_) {
    run(diff_weights);
    return;
  }
  Tensor gradient(device, weight_gradient_layout_, MemoryPurpose::scratch);
  run(gradient);
  reorder(device, gradient, diff_weights);
}

std::string Convolution::implementations() const {
  return forward_.implementation() + ", " +
         (backward_data_.empty() ? "none" : backward_data_.implementation()) + ", " +
         backward_weights_.implementation();
}

}  // namespace revnet
