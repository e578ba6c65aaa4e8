// The one gradient checker of these tests.
//
// An operation computes in float32, where finite differences drown in rounding. So its gradient is compared
// with a naive double-precision backward pass, and both with central differences of the naive forward pass,
// which share no derivation with either.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "reference/naive.h"

namespace revnet {

// Records failed doctest checks.
//   analytic   what the operation computed, row-major
//   exact      the naive backward pass
//   point      the input by which the gradient is taken
//   loss       the naive forward pass, reduced to a scalar, as a function of that input
void check_gradient(const std::string& what, std::span<const float> analytic, const naive::Values& exact,
                    const naive::Values& point, const std::function<double(const naive::Values&)>& loss);

// The usual reduction to a scalar: its gradient by `values` is `weights`, i.e. diff_dst.
double projection(const naive::Values& values, const naive::Values& weights);

}  // namespace revnet
