// Residual functions that run oneDNN's operations one after another.
#pragma once

#include <memory>
#include <string>

#include "layers/residual_function.h"

namespace revnet::onednn {

// `name` is the function's path, such as "stage1/unit1/f". Supports every shape.
std::unique_ptr<ResidualFunction> make_residual_function(Device& device, const std::string& name,
                                                         const ResidualShape& shape,
                                                         const LayerOptions& options);

}  // namespace revnet::onednn
