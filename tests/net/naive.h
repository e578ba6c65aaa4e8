// Units in plain double arithmetic, put together from the operations of reference/naive.h by the paper's
// equations, with gradients by finite differences. They share nothing with lib/ but structs for shapes, and
// are deliberately slow.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "net/unit.h"
#include "reference/naive.h"

namespace revnet {

// Row-major; activations are [N, C, H, W].
struct Naive {
  Shape shape;
  naive::Values values;
};

Naive to_naive(const Tensor& tensor);

// Parameters by name.
using NaiveParameters = std::map<std::string, Naive>;
NaiveParameters to_naive(const std::vector<Parameter*>& parameters);

Naive naive_convolution(const Naive& x, const Naive& weight, std::int64_t stride);
// Mean and population variance by channel.
naive::Moments naive_moments(const Naive& x);

// A unit of one part or two, depending on the size of x. Parameters are called prefix + "/f/conv1/weight" and
// so on.
std::vector<Naive> naive_unit(const NaiveParameters& parameters, const std::string& prefix,
                              const std::vector<Naive>& x, const UnitShape& shape, double epsilon);

// The gradient of a scalar function with respect to `variable`, by central differences of each element.
std::vector<double> finite_differences(Naive& variable, const std::function<double()>& function);

// The sum over parts of <weights, y>, a scalar whose gradient with respect to y is `weights`.
double naive_dot(const std::vector<Naive>& weights, const std::vector<Naive>& y);

}  // namespace revnet
