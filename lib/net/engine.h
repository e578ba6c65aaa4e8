// The only place that chooses the engine of residual functions and projections. Stem and head use oneDNN's
// layers with either engine (onednn/layers.h).
#pragma once

#include <memory>
#include <string>

#include "layers/layer.h"
#include "layers/residual_function.h"

namespace revnet {

// Whether this device's processor can run revnet's own kernels.
bool can_fuse(const Device& device);

// Both use the engine of the options.
std::unique_ptr<ResidualFunction> make_residual_function(Device& device, const std::string& name,
                                                         const ResidualShape& shape,
                                                         const LayerOptions& options);
std::unique_ptr<Convolution> make_convolution(Device& device, const std::string& name, Rows rows,
                                              const ConvolutionShape& shape, const LayerOptions& options);

}  // namespace revnet
