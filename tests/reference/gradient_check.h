// The gradient checker of these tests.
//
// Operations compute in float32, where finite differences drown in rounding. Their gradients are therefore
// compared with a naive double-precision backward pass, and both with central differences of the naive
// forward pass, whose derivation is independent of both.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "reference/naive.h"

namespace revnet {

// Runs doctest checks on these arguments:
//   analytic   the operation's result, row-major
//   exact      the result of the naive backward pass
//   point      the input with respect to which the gradient is taken
//   loss       the naive forward pass, reduced to a scalar, as a function of that input
void check_gradient(const std::string& what, std::span<const float> analytic, const naive::Values& exact,
                    const naive::Values& point, const std::function<double(const naive::Values&)>& loss);

// The usual reduction to a scalar. Its gradient with respect to `values` is `weights`, that is diff_dst.
double projection(const naive::Values& values, const naive::Values& weights);

}  // namespace revnet
