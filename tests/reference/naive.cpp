#include "reference/naive.h"

#include <algorithm>
#include <cmath>

namespace revnet::naive {
namespace {

Values zeros(std::int64_t count) {
  return Values(static_cast<std::size_t>(count), 0.0);
}

// SAME in one dimension: TensorFlow pads by max(0, (ceil(size / stride) - 1) * stride + kernel - size) in
// total, the smaller half before.
struct Axis {
  std::int64_t size, kernel, stride;
  std::int64_t out() const { return size % stride == 0 ? size / stride : size / stride + 1; }
  std::int64_t before() const { return std::max<std::int64_t>(0, (out() - 1) * stride + kernel - size) / 2; }
};

// Calls visit(first src index, weight index, first dst index, count) for every row of products of the
// convolution. The `count` products share a weight; their outputs are adjacent and their inputs `stride`
// apart.
template <class Visit>
void each_row(const ConvolutionShape& s, Visit visit) {
  const Axis rows{s.height, s.kernel, s.stride}, columns{s.width, s.kernel, s.stride};
  const std::int64_t out_height = rows.out(), out_width = columns.out();
  for (std::int64_t n = 0; n < s.batch; ++n) {
    for (std::int64_t o = 0; o < s.out; ++o) {
      for (std::int64_t i = 0; i < s.in; ++i) {
        for (std::int64_t ky = 0; ky < s.kernel; ++ky) {
          for (std::int64_t kx = 0; kx < s.kernel; ++kx) {
            for (std::int64_t y = 0; y < out_height; ++y) {
              const std::int64_t src_y = y * s.stride + ky - rows.before();
              if (src_y < 0 || src_y >= s.height) continue;
              const auto src_x = [&](std::int64_t x) { return x * s.stride + kx - columns.before(); };
              std::int64_t first = 0, last = out_width;
              while (first < last && src_x(first) < 0) ++first;
              while (first < last && src_x(last - 1) >= s.width) --last;
              visit(((n * s.in + i) * s.height + src_y) * s.width + src_x(first),
                    ((o * s.in + i) * s.kernel + ky) * s.kernel + kx,
                    ((n * s.out + o) * out_height + y) * out_width + first, last - first);
            }
          }
        }
      }
    }
  }
}

// Calls visit(channel, index) for every element of [N, C, pixels].
template <class Visit>
void each_element(const NormShape& s, Visit visit) {
  for (std::int64_t n = 0; n < s.batch; ++n) {
    for (std::int64_t c = 0; c < s.channels; ++c) {
      for (std::int64_t p = 0; p < s.pixels; ++p) {
        visit(static_cast<std::size_t>(c), static_cast<std::size_t>((n * s.channels + c) * s.pixels + p));
      }
    }
  }
}

// Calls visit(src index, dst index) for every pixel averaged by a window of pool_and_pad.
template <class Visit>
void each_pooled(const PoolShape& s, Visit visit) {
  const std::int64_t out_height = s.height / s.stride, out_width = s.width / s.stride;
  const std::int64_t before = (s.out - s.in) / 2;
  for (std::int64_t n = 0; n < s.batch; ++n) {
    for (std::int64_t c = 0; c < s.in; ++c) {
      for (std::int64_t y = 0; y < s.height; ++y) {
        for (std::int64_t x = 0; x < s.width; ++x) {
          visit(static_cast<std::size_t>(((n * s.in + c) * s.height + y) * s.width + x),
                static_cast<std::size_t>(((n * s.out + c + before) * out_height + y / s.stride) * out_width +
                                         x / s.stride));
        }
      }
    }
  }
}

// Calls visit(dst index, src index of its largest pixel) for every window of max_pool.
template <class Visit>
void each_maximum(const Shape& shape, const Values& src, Visit visit) {
  const std::int64_t planes = shape[0] * shape[1], height = shape[2], width = shape[3];
  const Axis rows{height, 3, 2}, columns{width, 3, 2};
  std::size_t to = 0;
  for (std::int64_t plane = 0; plane < planes; ++plane) {
    for (std::int64_t y = 0; y < rows.out(); ++y) {
      for (std::int64_t x = 0; x < columns.out(); ++x, ++to) {
        std::size_t best = src.size();
        for (std::int64_t tap = 0; tap < 9; ++tap) {
          const std::int64_t h = 2 * y - rows.before() + tap / 3, w = 2 * x - columns.before() + tap % 3;
          if (h < 0 || h >= height || w < 0 || w >= width) continue;
          const auto from = static_cast<std::size_t>((plane * height + h) * width + w);
          if (best == src.size() || src[from] > src[best]) best = from;
        }
        visit(to, best);
      }
    }
  }
}

}  // namespace

Values convolution(const ConvolutionShape& s, const Values& src, const Values& weights) {
  const Axis rows{s.height, s.kernel, s.stride}, columns{s.width, s.kernel, s.stride};
  Values dst = zeros(s.batch * s.out * rows.out() * columns.out());
  each_row(s, [&](auto from, auto by, auto to, auto count) {
    const double weight = weights[static_cast<std::size_t>(by)];
    const double* in = src.data() + from;
    double* out = dst.data() + to;
    for (std::int64_t x = 0; x < count; ++x) out[x] += in[x * s.stride] * weight;
  });
  return dst;
}

Values convolution_backward_data(const ConvolutionShape& s, const Values& diff_dst, const Values& weights) {
  Values diff_src = zeros(s.batch * s.in * s.height * s.width);
  each_row(s, [&](auto from, auto by, auto to, auto count) {
    const double weight = weights[static_cast<std::size_t>(by)];
    const double* out = diff_dst.data() + to;
    double* in = diff_src.data() + from;
    for (std::int64_t x = 0; x < count; ++x) in[x * s.stride] += out[x] * weight;
  });
  return diff_src;
}

Values convolution_backward_weights(const ConvolutionShape& s, const Values& src, const Values& diff_dst) {
  Values diff_weights = zeros(s.out * s.in * s.kernel * s.kernel);
  each_row(s, [&](auto from, auto by, auto to, auto count) {
    const double* in = src.data() + from;
    const double* out = diff_dst.data() + to;
    double sum = 0.0;
    for (std::int64_t x = 0; x < count; ++x) sum += in[x * s.stride] * out[x];
    diff_weights[static_cast<std::size_t>(by)] += sum;
  });
  return diff_weights;
}

Moments moments(const NormShape& s, const Values& src) {
  const double count = static_cast<double>(s.batch * s.pixels);
  Values mean = zeros(s.channels), variance = zeros(s.channels);
  each_element(s, [&](auto c, auto i) { mean[c] += src[i] / count; });
  each_element(s, [&](auto c, auto i) { variance[c] += (src[i] - mean[c]) * (src[i] - mean[c]) / count; });
  return {mean, variance};
}

NormForward batch_norm_relu(const NormShape& s, const Values& src, const Values& scale, const Values& shift,
                            double epsilon) {
  const auto [mean, variance] = moments(s, src);
  return batch_norm_relu_with(s, src, scale, shift, epsilon, mean, variance);
}

NormForward batch_norm_relu_with(const NormShape& s, const Values& src, const Values& scale,
                                 const Values& shift, double epsilon, const Values& mean,
                                 const Values& variance) {
  NormForward result{mean, variance, Values(src.size()), Values(src.size())};
  each_element(s, [&](auto c, auto i) {
    const double normalized = (src[i] - mean[c]) / std::sqrt(variance[c] + epsilon);
    result.before_relu[i] = scale[c] * normalized + shift[c];
    result.dst[i] = std::max(0.0, result.before_relu[i]);
  });
  return result;
}

NormBackward batch_norm_relu_backward(const NormShape& s, const Values& src, const Values& scale,
                                      const Values& shift, double epsilon, const Values& diff_dst) {
  const NormForward forward = batch_norm_relu(s, src, scale, shift, epsilon);
  const double count = static_cast<double>(s.batch * s.pixels);
  const auto gate = [&](auto i) { return forward.before_relu[i] > 0.0 ? diff_dst[i] : 0.0; };
  const auto normalized = [&](auto c, auto i) {
    return (src[i] - forward.mean[c]) / std::sqrt(forward.variance[c] + epsilon);
  };
  NormBackward result{Values(src.size()), zeros(s.channels), zeros(s.channels)};
  each_element(s, [&](auto c, auto i) {
    result.diff_shift[c] += gate(i);
    result.diff_scale[c] += gate(i) * normalized(c, i);
  });
  each_element(s, [&](auto c, auto i) {
    result.diff_src[i] =
        scale[c] / std::sqrt(forward.variance[c] + epsilon) *
        (gate(i) - result.diff_shift[c] / count - normalized(c, i) * result.diff_scale[c] / count);
  });
  return result;
}

Values pool_and_pad(const PoolShape& s, const Values& src) {
  Values dst = zeros(s.batch * s.out * (s.height / s.stride) * (s.width / s.stride));
  const double share = 1.0 / static_cast<double>(s.stride * s.stride);
  each_pooled(s, [&](auto from, auto to) { dst[to] += share * src[from]; });
  return dst;
}

Values pool_and_pad_backward(const PoolShape& s, const Values& diff_dst) {
  Values diff_src = zeros(s.batch * s.in * s.height * s.width);
  const double share = 1.0 / static_cast<double>(s.stride * s.stride);
  each_pooled(s, [&](auto from, auto to) { diff_src[from] += share * diff_dst[to]; });
  return diff_src;
}

Values max_pool(const Shape& shape, const Values& src) {
  Values dst;
  each_maximum(shape, src, [&](std::size_t, std::size_t from) { dst.push_back(src[from]); });
  return dst;
}

Values max_pool_backward(const Shape& shape, const Values& src, const Values& diff_dst) {
  Values diff_src(src.size());
  each_maximum(shape, src, [&](std::size_t to, std::size_t from) { diff_src[from] += diff_dst[to]; });
  return diff_src;
}

Values global_average_pool(const NormShape& s, const Values& src) {
  Values features = zeros(s.batch * s.channels);
  const auto pixels = static_cast<std::size_t>(s.pixels);
  for (std::size_t i = 0; i < src.size(); ++i) features[i / pixels] += src[i] / static_cast<double>(s.pixels);
  return features;
}

Values global_average_pool_backward(const NormShape& s, const Values& diff_features) {
  Values diff_src = zeros(s.batch * s.channels * s.pixels);
  const auto pixels = static_cast<std::size_t>(s.pixels);
  for (std::size_t i = 0; i < diff_src.size(); ++i) {
    diff_src[i] = diff_features[i / pixels] / static_cast<double>(s.pixels);
  }
  return diff_src;
}

namespace {

// Calls visit(feature index, weight index, logit index) for every product of a dense layer.
template <class Visit>
void each_dense_product(const DenseShape& s, Visit visit) {
  for (std::int64_t n = 0; n < s.batch; ++n) {
    for (std::int64_t o = 0; o < s.out; ++o) {
      for (std::int64_t i = 0; i < s.in; ++i) {
        visit(static_cast<std::size_t>(n * s.in + i), static_cast<std::size_t>(o * s.in + i),
              static_cast<std::size_t>(n * s.out + o));
      }
    }
  }
}

}  // namespace

Values dense(const DenseShape& s, const Values& features, const Values& weights, const Values& bias) {
  Values logits = zeros(s.batch * s.out);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = bias[i % static_cast<std::size_t>(s.out)];
  each_dense_product(s, [&](auto from, auto by, auto to) { logits[to] += features[from] * weights[by]; });
  return logits;
}

Values dense_backward_features(const DenseShape& s, const Values& diff_logits, const Values& weights) {
  Values diff = zeros(s.batch * s.in);
  each_dense_product(s, [&](auto from, auto by, auto to) { diff[from] += diff_logits[to] * weights[by]; });
  return diff;
}

Values dense_backward_weights(const DenseShape& s, const Values& features, const Values& diff_logits) {
  Values diff = zeros(s.out * s.in);
  each_dense_product(s, [&](auto from, auto by, auto to) { diff[by] += diff_logits[to] * features[from]; });
  return diff;
}

Values dense_backward_bias(const DenseShape& s, const Values& diff_logits) {
  Values diff = zeros(s.out);
  for (std::size_t i = 0; i < diff_logits.size(); ++i) {
    diff[i % static_cast<std::size_t>(s.out)] += diff_logits[i];
  }
  return diff;
}

namespace {

double target(std::size_t k, std::int32_t label, std::size_t classes, double smoothing) {
  return (static_cast<std::int32_t>(k) == label ? 1 - smoothing : 0) +
         smoothing / static_cast<double>(classes);
}

// The softmax of a row.
Values probabilities(const Values& logits, std::size_t row, std::size_t classes) {
  const double* const first = &logits[row * classes];
  const double largest = *std::max_element(first, first + classes);
  Values result(classes);
  double sum = 0.0;
  for (std::size_t k = 0; k < classes; ++k) sum += result[k] = std::exp(first[k] - largest);
  for (double& value : result) value /= sum;
  return result;
}

}  // namespace

double cross_entropy(const Values& logits, std::int64_t classes, std::span<const std::int32_t> labels,
                     double smoothing) {
  const auto width = static_cast<std::size_t>(classes);
  double loss = 0.0;
  for (std::size_t n = 0; n < labels.size(); ++n) {
    const Values probability = probabilities(logits, n, width);
    for (std::size_t k = 0; k < width; ++k) {
      loss -= target(k, labels[n], width, smoothing) * std::log(probability[k]);
    }
  }
  return loss;
}

Values cross_entropy_backward(const Values& logits, std::int64_t classes,
                              std::span<const std::int32_t> labels, std::int64_t images, double smoothing) {
  const auto width = static_cast<std::size_t>(classes);
  Values diff(logits.size(), 0.0);
  for (std::size_t n = 0; n < labels.size(); ++n) {
    const Values probability = probabilities(logits, n, width);
    for (std::size_t k = 0; k < width; ++k) {
      diff[n * width + k] =
          (probability[k] - target(k, labels[n], width, smoothing)) / static_cast<double>(images);
    }
  }
  return diff;
}

}  // namespace revnet::naive
