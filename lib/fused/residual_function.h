// Residual functions in our own fused kernels: one kernel a convolution forward and one backward, with
// normalised activations never in memory.
#pragma once

#include <memory>
#include <string>

#include "layers/residual_function.h"

namespace revnet::fused {

// Whether this processor's activations lie as the kernels need them.
bool can_compute_on(const Device& device);

// name: "stage1/unit1/f".
std::unique_ptr<ResidualFunction> make_residual_function(Device& device, const std::string& name,
                                                         const ResidualShape& shape,
                                                         const LayerOptions& options);

}  // namespace revnet::fused
