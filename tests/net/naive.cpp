#include "net/naive.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace revnet {

Naive to_naive(const Tensor& tensor) {
  Naive result(tensor.shape());
  std::ranges::copy(to_plain(tensor), result.values.begin());
  return result;
}

NaiveParameters to_naive(const std::vector<Parameter*>& parameters) {
  NaiveParameters result;
  for (const Parameter* parameter : parameters) {
    result.emplace(parameter->name, to_naive(parameter->value));
  }
  return result;
}

Naive naive_sum(const Naive& a, const Naive& b) {
  if (a.shape != b.shape) throw std::logic_error("naive_sum: shapes differ");
  Naive sum = a;
  for (std::size_t i = 0; i < sum.values.size(); ++i) sum.values[i] += b.values[i];
  return sum;
}

Naive naive_convolution(const Naive& x, const Naive& weight, std::int64_t stride) {
  const std::int64_t height = x.shape[2], width = x.shape[3], kernel = weight.shape[2];
  const std::int64_t out_height = (height + stride - 1) / stride, out_width = (width + stride - 1) / stride;
  const std::int64_t top = std::max<std::int64_t>((out_height - 1) * stride + kernel - height, 0) / 2;
  const std::int64_t left = std::max<std::int64_t>((out_width - 1) * stride + kernel - width, 0) / 2;
  Naive y({x.shape[0], weight.shape[0], out_height, out_width});
  const auto pixel = [&](std::int64_t n, std::int64_t o, std::int64_t h, std::int64_t w) {
    double sum = 0.0;
    for (std::int64_t c = 0; c < x.shape[1]; ++c) {
      for (std::int64_t i = 0; i < kernel; ++i) {
        for (std::int64_t j = 0; j < kernel; ++j) {
          const std::int64_t row = h * stride + i - top, column = w * stride + j - left;
          const bool inside = row >= 0 && row < height && column >= 0 && column < width;
          if (inside) sum += weight.at(o, c, i, j) * x.at(n, c, row, column);
        }
      }
    }
    return sum;
  };
  for (std::int64_t n = 0; n < y.shape[0]; ++n) {
    for (std::int64_t o = 0; o < y.shape[1]; ++o) {
      for (std::int64_t h = 0; h < out_height; ++h) {
        for (std::int64_t w = 0; w < out_width; ++w) y.at(n, o, h, w) = pixel(n, o, h, w);
      }
    }
  }
  return y;
}

NaiveStatistics naive_statistics(const Naive& x) {
  const std::int64_t images = x.shape[0], channels = x.shape[1], height = x.shape[2], width = x.shape[3];
  NaiveStatistics statistics;
  const auto average = [&](std::int64_t c, const auto& of) {
    double sum = 0.0;
    for (std::int64_t n = 0; n < images; ++n) {
      for (std::int64_t h = 0; h < height; ++h) {
        for (std::int64_t w = 0; w < width; ++w) sum += of(x.at(n, c, h, w));
      }
    }
    return sum / static_cast<double>(images * height * width);
  };
  for (std::int64_t c = 0; c < channels; ++c) {
    const double mean = average(c, [](double value) { return value; });
    statistics.mean.push_back(mean);
    statistics.variance.push_back(average(c, [&](double value) { return (value - mean) * (value - mean); }));
  }
  return statistics;
}

Naive naive_norm_relu(const Naive& x, const Naive& scale, const Naive& shift, double epsilon) {
  const NaiveStatistics statistics = naive_statistics(x);
  Naive y = x;
  for (std::int64_t n = 0; n < x.shape[0]; ++n) {
    for (std::int64_t c = 0; c < x.shape[1]; ++c) {
      const auto i = static_cast<std::size_t>(c);
      const double factor = scale.values[i] / std::sqrt(statistics.variance[i] + epsilon);
      for (std::int64_t h = 0; h < x.shape[2]; ++h) {
        for (std::int64_t w = 0; w < x.shape[3]; ++w) {
          const double normal = factor * (x.at(n, c, h, w) - statistics.mean[i]) + shift.values[i];
          y.at(n, c, h, w) = std::max(0.0, normal);
        }
      }
    }
  }
  return y;
}

Naive naive_pool_and_pad(const Naive& x, std::int64_t out_channels, std::int64_t stride) {
  const std::int64_t before = (out_channels - x.shape[1]) / 2;
  Naive y({x.shape[0], out_channels, x.shape[2] / stride, x.shape[3] / stride});
  for (std::int64_t n = 0; n < x.shape[0]; ++n) {
    for (std::int64_t c = 0; c < x.shape[1]; ++c) {
      for (std::int64_t h = 0; h < x.shape[2]; ++h) {
        for (std::int64_t w = 0; w < x.shape[3]; ++w) {
          y.at(n, before + c, h / stride, w / stride) +=
              x.at(n, c, h, w) / static_cast<double>(stride * stride);
        }
      }
    }
  }
  return y;
}

Naive naive_residual(const NaiveParameters& parameters, const std::string& prefix, const Naive& x,
                     std::int64_t stride, double epsilon) {
  Naive y = x;
  for (int step = 1; parameters.contains(prefix + "/conv" + std::to_string(step) + "/weight"); ++step) {
    const std::string number = std::to_string(step), norm = prefix + "/bn" + number;
    if (parameters.contains(norm + "/scale")) {
      y = naive_norm_relu(y, parameters.at(norm + "/scale"), parameters.at(norm + "/shift"), epsilon);
    }
    y = naive_convolution(y, parameters.at(prefix + "/conv" + number + "/weight"), step == 1 ? stride : 1);
  }
  return y;
}

Naive naive_shortcut(const NaiveParameters& parameters, const std::string& name, const Naive& x,
                     std::int64_t out_channels, std::int64_t stride) {
  const auto weight = parameters.find(name);
  if (weight != parameters.end()) return naive_convolution(x, weight->second, stride);
  return naive_pool_and_pad(x, out_channels, stride);  // the identity, if nothing changes
}

std::vector<Naive> naive_unit(const NaiveParameters& parameters, const std::string& prefix,
                              const std::vector<Naive>& x, const UnitShape& shape, double epsilon) {
  const auto parts = static_cast<std::int64_t>(x.size());
  const auto shortcut = [&](const char* leaf, const Naive& input) {
    return naive_shortcut(parameters, prefix + leaf, input, shape.out / parts, shape.stride);
  };
  if (parts == 1) {
    return {naive_sum(shortcut("/shortcut/weight", x[0]),
                      naive_residual(parameters, prefix + "/f", x[0], shape.stride, epsilon))};
  }
  const Naive y1 = naive_sum(shortcut("/shortcut1/weight", x[0]),
                             naive_residual(parameters, prefix + "/f", x[1], shape.stride, epsilon));
  const Naive y2 = naive_sum(shortcut("/shortcut2/weight", x[1]),
                             naive_residual(parameters, prefix + "/g", y1, 1, epsilon));
  return {y1, y2};
}

std::vector<double> finite_differences(Naive& variable, const std::function<double()>& function) {
  constexpr double step = 1e-6;
  std::vector<double> gradient;
  for (double& value : variable.values) {
    const double kept = value;
    value = kept + step;
    const double above = function();
    value = kept - step;
    const double below = function();
    value = kept;
    gradient.push_back((above - below) / (2.0 * step));
  }
  return gradient;
}

double naive_dot(const std::vector<Naive>& weights, const std::vector<Naive>& y) {
  double sum = 0.0;
  for (std::size_t part = 0; part < y.size(); ++part) {
    for (std::size_t i = 0; i < y[part].values.size(); ++i) {
      sum += weights[part].values[i] * y[part].values[i];
    }
  }
  return sum;
}

}  // namespace revnet
