// The oracle of these tests: every operation once more, in double precision, straight from its definition, on
// row-major arrays. Shares nothing with lib/ but the struct that names a convolution's shape.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "layers/filter.h"

namespace revnet::naive {

using Values = std::vector<double>;

// Convolution without bias under TensorFlow's SAME padding. src [N, in, H, W], weights [out, in, k, k],
// dst [N, out, ceil(H/stride), ceil(W/stride)].
Values convolution(const ConvolutionShape& shape, const Values& src, const Values& weights);
Values convolution_backward_data(const ConvolutionShape& shape, const Values& diff_dst,
                                 const Values& weights);
Values convolution_backward_weights(const ConvolutionShape& shape, const Values& src, const Values& diff_dst);

// [N, C, pixels].
struct NormShape {
  std::int64_t batch, channels, pixels;
};

struct NormForward {
  Values mean, variance;  // [C]; variance of the population
  Values before_relu, dst;
};

struct NormBackward {
  Values diff_src, diff_scale, diff_shift;
};

NormForward batch_norm_relu(const NormShape& shape, const Values& src, const Values& scale,
                            const Values& shift, double epsilon);
// With statistics from elsewhere.
NormForward batch_norm_relu_with(const NormShape& shape, const Values& src, const Values& scale,
                                 const Values& shift, double epsilon, const Values& mean,
                                 const Values& variance);
NormBackward batch_norm_relu_backward(const NormShape& shape, const Values& src, const Values& scale,
                                      const Values& shift, double epsilon, const Values& diff_dst);

// src [N, in, H, W] to dst [N, out, H/stride, W/stride], (out - in) / 2 zero channels first.
struct PoolShape {
  std::int64_t batch, in, out, height, width, stride;
};
Values pool_and_pad(const PoolShape& shape, const Values& src);
Values pool_and_pad_backward(const PoolShape& shape, const Values& diff_dst);

// The maximum of 3x3 pixels in steps of 2 under SAME padding, of src [N, C, H, W].
Values max_pool(const Shape& shape, const Values& src);
Values max_pool_backward(const Shape& shape, const Values& src, const Values& diff_dst);

// [N, C, pixels] to [N, C].
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

// Sum over the labelled rows of logits [N, classes].
double cross_entropy(const Values& logits, std::int64_t classes, std::span<const std::int32_t> labels);
// Of the sum divided by `images`; zero beyond the labelled rows.
Values cross_entropy_backward(const Values& logits, std::int64_t classes,
                              std::span<const std::int32_t> labels, std::int64_t images);

}  // namespace revnet::naive
