#include "net/engine.h"

#include "fused/convolution_layer.h"
#include "fused/residual_function.h"
#include "onednn/layers.h"
#include "onednn/residual_function.h"

namespace revnet {

bool can_fuse(const Device& device) {
  return fused::can_compute_on(device);
}

std::unique_ptr<ResidualFunction> make_residual_function(Device& device, const std::string& name,
                                                         const ResidualShape& shape,
                                                         const LayerOptions& options) {
  if (options.engine == Engine::fused) {
    return fused::make_residual_function(device, name, shape, options);
  }
  return onednn::make_residual_function(device, name, shape, options);
}

std::unique_ptr<Convolution> make_convolution(Device& device, const std::string& name, Rows rows,
                                              const ConvolutionShape& shape, const LayerOptions& options) {
  return options.engine == Engine::fused ? fused::make_convolution(device, name, rows, shape)
                                         : onednn::make_convolution(device, name, rows, shape, options);
}

}  // namespace revnet
