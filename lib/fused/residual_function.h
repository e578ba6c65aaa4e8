// Residual functions in our own fused kernels. Each convolution is one kernel forward and one backward, and
// normalised activations never reach memory.
#pragma once

#include <memory>
#include <string>

#include "layers/residual_function.h"

namespace revnet::fused {

// Whether activations on this device have the blocked layout, and the processor the instructions, that the
// kernels need.
bool can_compute_on(const Device& device);

// `name` is for example "stage1/unit1/f".
std::unique_ptr<ResidualFunction> make_residual_function(Device& device, const std::string& name,
                                                         const ResidualShape& shape,
                                                         const LayerOptions& options);

}  // namespace revnet::fused
