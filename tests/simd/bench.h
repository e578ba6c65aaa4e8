// A convolution with its operands, both in double precision and in the form that the kernels take.
#pragma once

#include <type_traits>

#include <omp.h>

#include "fused/simd/direct.h"
#include "fused/simd/pointwise.h"
#include "fused/simd/staged_winograd.h"
#include "fused/simd/winograd.h"
#include "simd/naive.h"

namespace revnet::testing {

struct ConvolutionCase {
  std::int64_t images, in, out, height, width, block;
  std::int64_t size = 3, stride = 1;  // of the filters; direct convolutions alone have others than one

  std::int64_t out_height() const { return (height + stride - 1) / stride; }
  std::int64_t out_width() const { return (width + stride - 1) / stride; }
};

template <class Kernel>
Kernel make_kernel(const ConvolutionCase& what) {
  const simd::Images images{what.images, what.height, what.width, what.block};
  const std::int64_t in = padded(what.in, what.block), out = padded(what.out, what.block);
  if constexpr (std::is_same_v<Kernel, simd::Direct>) {
    return Kernel({.images = images, .kernel = what.size, .stride = what.stride}, in, out);
  } else {
    return Kernel(images, in, out);
  }
}

template <class Kernel>
struct ConvolutionBench {
  ConvolutionCase of;
  Plain x, dy, addend;
  std::vector<double> weights;
  NaiveNorm norm;
  Buffer x_blocks, dy_blocks, weight_blocks, table;
  Kernel kernel;
  int threads = omp_get_max_threads();
  Buffer scratch;

  // `mean` is that of the convolution's input.
  explicit ConvolutionBench(ConvolutionCase what, double mean = 0.0)
      : of(what),
        x(random_images(what.images, what.in, what.height, what.width, 1, mean)),
        dy(random_images(what.images, what.out, what.out_height(), what.out_width(), 2)),
        addend(random_images(what.images, what.out, what.out_height(), what.out_width(), 3)),
        weights(random_values(static_cast<std::size_t>(what.out * what.in * what.size * what.size), 4)),
        norm(what.in, 5, mean),
        x_blocks(blocked(x, what.block)),
        dy_blocks(blocked(dy, what.block)),
        weight_blocks(blocked_weights(weights, what.out, what.in, what.size * what.size, what.block)),
        table(norm.table(what.block)),
        kernel(make_kernel<Kernel>(what)),
        scratch(kernel.scratch_floats(threads)) {}

  simd::Normalization normalization() const {
    const std::int64_t stored = padded(of.in, of.block);
    return {table.data(), table.data() + stored, table.data() + 2 * stored};
  }
  simd::Source normalized() const {
    simd::Source source;
    source.form = simd::Source::Form::normalized;
    source.values = x_blocks.data();
    source.norm = normalization();
    return source;
  }
  static simd::Source raw(const Buffer& buffer) {
    simd::Source source;
    source.values = buffer.data();
    return source;
  }

  // Convolves the normalised input.
  void forward(const simd::Sink& sink) {
    kernel.forward(normalized(), weight_blocks.data(), sink, scratch.data(), threads);
  }
  void backward(const simd::Source& diff, const simd::Sink& sink, Buffer& dw) {
    kernel.backward(normalized(), diff, weight_blocks.data(), sink, dw.data(), scratch.data(), threads);
  }
  void backward(const simd::Sink& sink, Buffer& dw) { backward(raw(dy_blocks), sink, dw); }

  // A sink for the input gradient, which passes it on where the ReLU before the convolution is open.
  simd::Sink masked(Buffer& dx, std::vector<double>& sums) const {
    simd::Sink sink;
    sink.form = simd::Sink::Form::masked;
    sink.values = dx.data();
    sink.input = x_blocks.data();
    sink.norm = normalization();
    sink.sums = sums.data();
    return sink;
  }
};

}  // namespace revnet::testing
