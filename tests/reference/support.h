// Helpers for tests of operations: random inputs, tensors that hold them, and measures of error.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "reference/naive.h"
#include "tensor/tensor.h"

namespace revnet {

// The device of tests of operations: two threads, and buffers filled with NaN when taken, so that outputs
// left unwritten and reads before writing show.
struct TestDevice : Device {
  TestDevice() : Device(2, std::size_t{1} << 30, true) {}
};

// Normal with mean `mean` and standard deviation `deviation`, rounded to float so that the reference sees the
// same inputs.
std::vector<float> random_floats(std::int64_t count, std::uint32_t seed, double deviation = 1.0,
                                 double mean = 0.0);

naive::Values widen(std::span<const float> values);

// A tensor with these row-major values.
Tensor filled(Device& device, const Layout& layout, std::span<const float> values);
// A tensor that has not been written to.
Tensor poisoned(Device& device, const Layout& layout);

// max |actual - exact| / RMS(exact): errors of sums grow with the size of the whole, whereas a single element
// may be nearly zero. Infinite if any value is NaN or the sizes differ.
double relative_error(std::span<const float> actual, const naive::Values& exact);

// Whether every padding channel of an activation is zero.
bool padding_is_zero(const Tensor& tensor);

bool all_nan(std::span<const float> values);

}  // namespace revnet
