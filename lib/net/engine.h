// The one place that chooses what computes the layers of a network.
#pragma once

#include <memory>
#include <string>

#include "layers/layer.h"
#include "layers/residual_function.h"

namespace revnet {

// Whether our own kernels run on this device's processor.
bool can_fuse(const Device& device);

// By the engine of the options where it can; by oneDNN's operations elsewhere.
std::unique_ptr<ResidualFunction> make_residual_function(Device& device, const std::string& name,
                                                         const ResidualShape& shape,
                                                         const LayerOptions& options);

// The layers outside of residual functions are oneDNN's with either engine. A convolution of images reads
// them in plain [N, C, H, W] and has no gradient by them.
std::unique_ptr<Convolution> make_image_convolution(Device& device, const std::string& name, Rows rows,
                                                    const ConvolutionShape& shape,
                                                    const LayerOptions& options);
std::unique_ptr<Convolution> make_convolution(Device& device, const std::string& name, Rows rows,
                                              const ConvolutionShape& shape, const LayerOptions& options);
std::unique_ptr<NormRelu> make_norm_relu(Device& device, const std::string& name, Rows rows,
                                         const Shape& nchw, const LayerOptions& options);

}  // namespace revnet
