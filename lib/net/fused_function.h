// Residual functions in our own fused kernels: one kernel a convolution forward and one backward, with
// normalised activations never in memory.
#pragma once

#include "net/residual_function.h"

namespace revnet {

// Whether there are kernels for a function of that shape.
bool can_fuse(const ResidualShape& shape);
// Whether this processor's activations lie as the kernels need them.
bool can_fuse(const Device& device);

// A tape of it holds the outputs of all convolutions but the last.
std::unique_ptr<ResidualFunction> make_fused_function(Device& device, const std::string& name,
                                                      const ResidualShape& shape,
                                                      const BuildOptions& options);

}  // namespace revnet
