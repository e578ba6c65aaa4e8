// The one place that chooses what computes residual functions. The layers outside of them are oneDNN's with
// either engine (onednn/layers.h).
#pragma once

#include <memory>
#include <string>

#include "layers/residual_function.h"

namespace revnet {

// Whether our own kernels run on this device's processor.
bool can_fuse(const Device& device);

// By the engine of the options where it can; by oneDNN's operations elsewhere.
std::unique_ptr<ResidualFunction> make_residual_function(Device& device, const std::string& name,
                                                         const ResidualShape& shape,
                                                         const LayerOptions& options);

}  // namespace revnet
