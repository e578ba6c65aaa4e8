// The shortcut s(x) of a unit that changes width or size: average pooling with zero channels, or a 1x1
// convolution.
#pragma once

#include <memory>

#include "net/layers.h"

namespace revnet {

struct ShortcutShape {
  std::int64_t in, out;        // channels
  std::int64_t height, width;  // of the input
  std::int64_t stride;
  bool projects;  // bottleneck networks: by a 1x1 convolution whenever width or stride changes
};

class Shortcut {
 public:
  virtual ~Shortcut() = default;

  // A fresh y = s(x).
  virtual Tensor forward(Device& device, const Tensor& x) = 0;
  // A fresh dx = (ds/dx)^T dy. Overwrites the gradient of its weight, if it has one.
  virtual Tensor backward(Device& device, const Tensor& x, const Tensor& dy) = 0;
  virtual void list(LayerList& layers) = 0;
};

// Null where x itself is the shortcut. name: that of the weight, if there is one
// ("stage2/unit1/shortcut1/weight").
std::unique_ptr<Shortcut> make_shortcut(Device& device, const std::string& name, const ShortcutShape& shape,
                                        const BuildOptions& options);

}  // namespace revnet
