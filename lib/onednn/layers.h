// Layers computed by oneDNN's operations. This header and residual_function.h are the engine's outside, and
// do not name oneDNN.
#pragma once

#include <memory>
#include <string>

#include "layers/layer.h"

namespace revnet::onednn {

// Of images in plain [N, C, H, W]; there is no gradient by them.
std::unique_ptr<Convolution> make_image_convolution(Device& device, const std::string& name, Rows rows,
                                                    const ConvolutionShape& shape,
                                                    const LayerOptions& options);
std::unique_ptr<Convolution> make_convolution(Device& device, const std::string& name, Rows rows,
                                              const ConvolutionShape& shape, const LayerOptions& options);
std::unique_ptr<NormRelu> make_norm_relu(Device& device, const std::string& name, Rows rows,
                                         const Shape& nchw, const LayerOptions& options);

}  // namespace revnet::onednn
