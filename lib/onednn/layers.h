// Single layers computed by oneDNN. This header and residual_function.h are the engine's public interface and
// do not name oneDNN's own types.
#pragma once

#include <memory>
#include <string>

#include "layers/layer.h"

namespace revnet::onednn {

std::unique_ptr<ImageConvolution> make_image_convolution(Device& device, const std::string& name, Rows rows,
                                                         const ConvolutionShape& shape,
                                                         const LayerOptions& options);
std::unique_ptr<Convolution> make_convolution(Device& device, const std::string& name, Rows rows,
                                              const ConvolutionShape& shape, const LayerOptions& options);
std::unique_ptr<NormRelu> make_norm_relu(Device& device, const std::string& name, Rows rows,
                                         const Shape& nchw, const LayerOptions& options);

}  // namespace revnet::onednn
