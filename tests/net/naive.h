// Units in plain double arithmetic, written for these tests from the paper's equations, with gradients by
// finite differences. They share nothing but names with lib/, and are deliberately slow.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "net/unit.h"

namespace revnet {

// Row-major; activations are [N, C, H, W].
struct Naive {
  Shape shape;
  std::vector<double> values;

  explicit Naive(Shape dimensions = {0, 0, 0, 0})
      : shape(std::move(dimensions)), values(static_cast<std::size_t>(elements(shape))) {}
  double& at(std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w) {
    return values[static_cast<std::size_t>(((n * shape[1] + c) * shape[2] + h) * shape[3] + w)];
  }
  double at(std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w) const {
    return const_cast<Naive*>(this)->at(n, c, h, w);
  }
};

Naive to_naive(const Tensor& tensor);

// Parameters by name.
using NaiveParameters = std::map<std::string, Naive>;
NaiveParameters to_naive(const std::vector<Parameter*>& parameters);

Naive naive_sum(const Naive& a, const Naive& b);
// With TensorFlow's SAME padding: at stride 2 and kernel 3,
// an even size is padded by none before and one after.
Naive naive_convolution(const Naive& x, const Naive& weight, std::int64_t stride);
// Mean and population variance by channel.
struct NaiveStatistics {
  std::vector<double> mean, variance;
};
NaiveStatistics naive_statistics(const Naive& x);
Naive naive_norm_relu(const Naive& x, const Naive& scale, const Naive& shift, double epsilon);
Naive naive_pool_and_pad(const Naive& x, std::int64_t out_channels, std::int64_t stride);

// (BN, ReLU, convolution) for each prefix + "/conv1/weight"
// and so on among the parameters, with BN where it exists.
Naive naive_residual(const NaiveParameters& parameters, const std::string& prefix, const Naive& x,
                     std::int64_t stride, double epsilon);
// The identity, a projection if there is a weight of that name, or else pooling.
Naive naive_shortcut(const NaiveParameters& parameters, const std::string& name, const Naive& x,
                     std::int64_t out_channels, std::int64_t stride);
// A unit of one part or two, depending on the size of x.
std::vector<Naive> naive_unit(const NaiveParameters& parameters, const std::string& prefix,
                              const std::vector<Naive>& x, const UnitShape& shape, double epsilon);

// The gradient of a scalar function with respect to `variable`, by central differences of each element.
std::vector<double> finite_differences(Naive& variable, const std::function<double()>& function);

// The sum over parts of <weights, y>, a scalar whose gradient with respect to y is `weights`.
double naive_dot(const std::vector<Naive>& weights, const std::vector<Naive>& y);

}  // namespace revnet
