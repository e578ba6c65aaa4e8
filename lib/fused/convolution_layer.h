// A convolution by itself in our own kernels.
#pragma once

#include <memory>
#include <string>

#include "layers/layer.h"

namespace revnet::fused {

std::unique_ptr<Convolution> make_convolution(Device& device, const std::string& name, Rows rows,
                                              const ConvolutionShape& shape);

}  // namespace revnet::fused
