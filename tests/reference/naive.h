// The reference for these tests: every operation in double precision on row-major arrays, written straight
// from its definition. It shares nothing with lib/ except the struct for the shape of a convolution.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "layers/filter.h"

namespace revnet::naive {

using Values = std::vector<double>;

// Convolution without bias, with TensorFlow's SAME padding. src [N, in, H, W], weights [out, in, k, k], dst
// [N, out, ceil(H/stride), ceil(W/stride)].
Values convolution(const ConvolutionShape& shape, const Values& src, const Values& weights);
Values convolution_backward_data(const ConvolutionShape& shape, const Values& diff_dst,
                                 const Values& weights);
Values convolution_backward_weights(const ConvolutionShape& shape, const Values& src, const Values& diff_dst);

// [N, C, pixels].
struct NormShape {
  std::int64_t batch, channels, pixels;
};

struct Moments {
  Values mean, variance;  // [C]; population variance
};

struct NormForward {
  Values mean, variance;  // those it normalised with
  Values before_relu, dst;
};

struct NormBackward {
  Values diff_src, diff_scale, diff_shift;
};

Moments moments(const NormShape& shape, const Values& src);
NormForward batch_norm_relu(const NormShape& shape, const Values& src, const Values& scale,
                            const Values& shift, double epsilon);
// Normalises with given statistics instead of those of src.
NormForward batch_norm_relu_with(const NormShape& shape, const Values& src, const Values& scale,
                                 const Values& shift, double epsilon, const Values& mean,
                                 const Values& variance);
NormBackward batch_norm_relu_backward(const NormShape& shape, const Values& src, const Values& scale,
                                      const Values& shift, double epsilon, const Values& diff_dst);

// From src [N, in, H, W] to dst [N, out, H/stride, W/stride], with (out - in) / 2 zero channels before the
// others.
struct PoolShape {
  std::int64_t batch, in, out, height, width, stride;
};
Values pool_and_pad(const PoolShape& shape, const Values& src);
Values pool_and_pad_backward(const PoolShape& shape, const Values& diff_dst);

// 3x3 max pooling of src [N, C, H, W] with stride 2 under SAME padding.
Values max_pool(const Shape& shape, const Values& src);
Values max_pool_backward(const Shape& shape, const Values& src, const Values& diff_dst);

// From [N, C, pixels] to [N, C].
Values global_average_pool(const NormShape& shape, const Values& src);
Values global_average_pool_backward(const NormShape& shape, const Values& diff_features);

// features [N, in], weights [out, in], bias [out], logits [N, out].
struct DenseShape {
  std::int64_t batch, in, out;
};
Values dense(const DenseShape& shape, const Values& features, const Values& weights, const Values& bias);
Values dense_backward_features(const DenseShape& shape, const Values& diff_logits, const Values& weights);
Values dense_backward_weights(const DenseShape& shape, const Values& features, const Values& diff_logits);
Values dense_backward_bias(const DenseShape& shape, const Values& diff_logits);

// The sum over the labelled rows of logits [N, classes]. With smoothing s, a row's target is 1 - s at its
// label plus s / classes everywhere, as in PyTorch's CrossEntropyLoss.
double cross_entropy(const Values& logits, std::int64_t classes, std::span<const std::int32_t> labels,
                     double smoothing = 0);
// The gradient of that sum divided by `images`; zero beyond the labelled rows.
Values cross_entropy_backward(const Values& logits, std::int64_t classes,
                              std::span<const std::int32_t> labels, std::int64_t images,
                              double smoothing = 0);

}  // namespace revnet::naive
