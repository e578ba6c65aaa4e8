// What the tests of operations share: random inputs, tensors of them, and how far a result is off.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "reference/naive.h"
#include "tensor/tensor.h"

namespace revnet {

// Every test computes on such a device: two threads, outputs poisoned with NaN before each call, so that what
// an operation does not overwrite is seen, and what it reads before writing.
struct TestDevice : Device {
  TestDevice() : Device(2, std::size_t{1} << 30, true) {}
};

// Standard normal times `deviation` plus `mean`, rounded to float so that the reference sees the same inputs.
std::vector<float> random_floats(std::int64_t count, std::uint32_t seed, double deviation = 1.0,
                                 double mean = 0.0);

naive::Values widen(std::span<const float> values);

// A tensor with these row-major values.
Tensor filled(Device& device, const Layout& layout, std::span<const float> values);
// A tensor nobody wrote to.
Tensor poisoned(Device& device, const Layout& layout);

// max |actual - exact| / RMS(exact): errors of sums grow with the size of the whole, not of the one element,
// which may come out as nearly zero. Infinite when anything is NaN or the sizes differ.
double relative_error(std::span<const float> actual, const naive::Values& exact);

// Whether every padded channel of an activation holds zeros.
bool padding_is_zero(const Tensor& tensor);

bool all_nan(std::span<const float> values);

}  // namespace revnet
