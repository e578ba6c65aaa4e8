#include "ops/convolution.h"

#include <algorithm>
#include <stdexcept>

#include "ops/elementwise.h"

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

// Where to try Winograd.
struct WinogradChoice {
  bool forward, data, weights;
};

// Measured on two Zen 4 cores at batch 100, Winograd's time as a part of direct's: forward 0.75 at 16
// channels (32x32), 0.7 at 32 (16x16), 0.55 at 64 (8x8); data gradient 1.0, 0.75, 0.6; weight gradient 0.9,
// 0.7, 0.6.
WinogradChoice choose(const ConvolutionShape& shape, ConvolutionPolicy policy, bool image_input) {
  const bool may = shape.kernel == 3 && shape.stride == 1 && !image_input;
  if (!may || policy == ConvolutionPolicy::direct) return {false, false, false};
  if (policy == ConvolutionPolicy::winograd) return {true, true, true};
  const std::int64_t channels = std::min(shape.in, shape.out);
  return {channels >= 16, channels >= 32, channels >= 16};
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
      dst_(device.activation_layout(shape.dst())),
      adds_(roles.adds) {
  const dnnl::engine& engine = device.engine();
  const WinogradChoice winograd = choose(shape, policy, roles.image_input);
  Description description{src_.desc(),
                          Desc(shape.weights(), dnnl::memory::data_type::f32, dnnl::memory::format_tag::any),
                          dst_.desc(),
                          {shape.stride, shape.stride},
                          same_padding(shape)};
  const auto forward = describe(
      winograd.forward, [&](algorithm how) { return description.forward(engine, how, kernel_attributes()); });
  weights_ = Layout(forward.weights_desc());
  forward_ = Kernel(device, forward);

  const auto weight_gradient = describe(
      winograd.weights, [&](algorithm how) { return description.backward_weights(engine, how, forward); });
  weight_gradient_layout_ = Layout(weight_gradient.diff_weights_desc());
  backward_weights_ = Kernel(device, weight_gradient);

  if (!roles.image_input) {
    const auto data_gradient = describe(
        winograd.data, [&](algorithm how) { return description.backward_data(engine, how, forward); });
    backward_weights_layout_ = Layout(data_gradient.weights_desc());
    backward_data_ = Kernel(device, data_gradient);
  }
  if (roles.adds && shape.kernel == 1 && shape.stride == 1) {
    description.weights = weights_.desc();
    const auto direct = [&](const dnnl::post_ops& addition) {
      dnnl::primitive_attr attributes = kernel_attributes();
      attributes.set_post_ops(addition);
      return Kernel(device, description.forward(engine, algorithm::convolution_direct, attributes));
    };
    dnnl::post_ops addend, in_place;
    addend.append_binary(algorithm::binary_add, dst_.desc());
    in_place.append_sum(1.0f);
    add_ = direct(addend);
    add_in_place_ = direct(in_place);
  }
}

void Convolution::forward(Device& device, const Tensor& src, const Tensor& weights, Tensor& dst) const {
  forward_.run(
      device,
      {{DNNL_ARG_SRC, src.memory()}, {DNNL_ARG_WEIGHTS, weights.memory()}, {DNNL_ARG_DST, dst.memory()}});
}

void Convolution::forward_add(Device& device, const Tensor& src, const Tensor& weights, const Tensor& addend,
                              Tensor& dst) const {
  if (!adds_) throw std::logic_error("Convolution: built without the role adds");
  const bool in_place = &addend == &dst;
  if (adds_in_registers()) {
    Arguments arguments{
        {DNNL_ARG_SRC, src.memory()}, {DNNL_ARG_WEIGHTS, weights.memory()}, {DNNL_ARG_DST, dst.memory()}};
    if (!in_place) arguments[DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1] = addend.memory();
    (in_place ? add_in_place_ : add_).run(device, arguments);
  } else if (in_place) {
    Tensor product(device, dst_, MemoryPurpose::temporaries);
    forward(device, src, weights, product);
    add(device, product, dst);
  } else {
    forward(device, src, weights, dst);
    add(device, addend, dst);
  }
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
