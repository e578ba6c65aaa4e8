// Layouts, tensors and devices as oneDNN knows them, for the folders that call it: tensor, ops and onednn.
// The other headers of this folder do not name oneDNN, so that whoever includes them does not see it.
#pragma once

#include <unordered_map>

#include <dnnl.hpp>

#include "tensor/tensor.h"

namespace revnet {

struct Layout::Description {
  explicit Description(dnnl::memory::desc desc);

  dnnl::memory::desc desc;
  Shape shape;
  std::size_t bytes;
};

struct Device::Backend {
  Backend();

  dnnl::engine engine;
  dnnl::stream stream;
  dnnl::memory::format_tag activation_tag;
  bool has_winograd;
};

namespace onednn {

inline Layout layout_of(const dnnl::memory::desc& desc) {
  return Layout(Layout::Description(desc));
}
inline const dnnl::memory::desc& desc_of(const Layout& layout) {
  return layout.description().desc;
}
inline const dnnl::engine& engine_of(const Device& device) {
  return device.backend().engine;
}
// The tensor's buffer as an argument of a primitive, empty on a planning device. oneDNN's interface does not
// know const.
dnnl::memory memory_of(const Tensor& tensor);

using Arguments = std::unordered_map<int, dnnl::memory>;
// Runs a primitive to its end; not on a planning device.
void execute(Device& device, const dnnl::primitive& primitive, const Arguments& arguments);

}  // namespace onednn
}  // namespace revnet
