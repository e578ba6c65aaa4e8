// The shortcut s(x) of a unit that changes width or size: average pooling with zero channels, or a 1x1
// convolution.
#pragma once

#include <memory>

#include "layers/layer_list.h"
#include "layers/residual_function.h"

namespace revnet {

class Shortcut {
 public:
  virtual ~Shortcut() = default;

  // Returns a new y = s(x).
  virtual Tensor forward(const Tensor& x) = 0;
  // Returns a new dx = (ds/dx)^T dy. Overwrites the gradient of the weight, if there is one.
  virtual Tensor backward(const Tensor& x, const Tensor& dy) = 0;
  virtual void list(LayerList& layers) = 0;
};

// The shortcut around a function of this shape: a 1x1 convolution in bottleneck networks, pooling in others,
// and null if it is the identity. `name` is that of the weight, if there is one:
// "stage2/unit1/shortcut1/weight".
std::unique_ptr<Shortcut> make_shortcut(Device& device, const std::string& name, const ResidualShape& shape,
                                        const LayerOptions& options);

}  // namespace revnet
