#include "net/naive.h"

#include <stdexcept>

#include "reference/support.h"

namespace revnet {
namespace {

naive::NormShape norm_shape(const Naive& x) {
  return {x.shape[0], x.shape[1], x.shape[2] * x.shape[3]};
}

Naive naive_sum(const Naive& a, const Naive& b) {
  if (a.shape != b.shape) throw std::logic_error("naive_sum: shapes differ");
  Naive sum = a;
  for (std::size_t i = 0; i < sum.values.size(); ++i) sum.values[i] += b.values[i];
  return sum;
}

// (BN, ReLU, convolution) for each prefix + "/conv1/weight" and so on among the parameters, with BN where it
// exists.
Naive naive_residual(const NaiveParameters& parameters, const std::string& prefix, const Naive& x,
                     std::int64_t stride, double epsilon) {
  Naive y = x;
  for (int step = 1; parameters.contains(prefix + "/conv" + std::to_string(step) + "/weight"); ++step) {
    const std::string number = std::to_string(step), norm = prefix + "/bn" + number;
    if (parameters.contains(norm + "/scale")) {
      y.values = naive::batch_norm_relu(norm_shape(y), y.values, parameters.at(norm + "/scale").values,
                                        parameters.at(norm + "/shift").values, epsilon)
                     .dst;
    }
    y = naive_convolution(y, parameters.at(prefix + "/conv" + number + "/weight"), step == 1 ? stride : 1);
  }
  return y;
}

// The identity, a projection if there is a weight of that name, or else pooling.
Naive naive_shortcut(const NaiveParameters& parameters, const std::string& name, const Naive& x,
                     std::int64_t out_channels, std::int64_t stride) {
  const auto weight = parameters.find(name);
  if (weight != parameters.end()) return naive_convolution(x, weight->second, stride);
  const std::int64_t images = x.shape[0], in = x.shape[1], height = x.shape[2], width = x.shape[3];
  return {{images, out_channels, height / stride, width / stride},
          naive::pool_and_pad({images, in, out_channels, height, width, stride}, x.values)};
}

}  // namespace

Naive to_naive(const Tensor& tensor) {
  return {tensor.shape(), widen(to_plain(tensor))};
}

NaiveParameters to_naive(const std::vector<Parameter*>& parameters) {
  NaiveParameters result;
  for (const Parameter* parameter : parameters) {
    result.emplace(parameter->name, to_naive(parameter->value));
  }
  return result;
}

Naive naive_convolution(const Naive& x, const Naive& weight, std::int64_t stride) {
  const std::int64_t images = x.shape[0], in = x.shape[1], height = x.shape[2], width = x.shape[3];
  const std::int64_t out = weight.shape[0], kernel = weight.shape[2];
  return {{images, out, (height + stride - 1) / stride, (width + stride - 1) / stride},
          naive::convolution({images, in, out, height, width, kernel, stride}, x.values, weight.values)};
}

naive::Moments naive_moments(const Naive& x) {
  return naive::moments(norm_shape(x), x.values);
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
