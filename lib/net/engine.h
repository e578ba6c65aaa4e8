// The only place that chooses the engine of a residual function. Stem, head and shortcuts use oneDNN's layers
// with either engine (onednn/layers.h).
#pragma once

#include <memory>
#include <string>

#include "layers/residual_function.h"

namespace revnet {

// Whether this device's processor can run revnet's own kernels.
bool can_fuse(const Device& device);

// Uses the engine of the options.
std::unique_ptr<ResidualFunction> make_residual_function(Device& device, const std::string& name,
                                                         const ResidualShape& shape,
                                                         const LayerOptions& options);

}  // namespace revnet
