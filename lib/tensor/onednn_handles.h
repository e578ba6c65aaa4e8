// Layouts, tensors and devices as oneDNN objects, for the folders that call it: tensor, ops and onednn. Of
// this folder's headers, only onednn.h, primitive.h and this one expose oneDNN to those who include them.
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
// Wraps the tensor's buffer as a primitive's argument; empty on a planning device. The const is lost because
// oneDNN's interface has none.
dnnl::memory memory_of(const Tensor& tensor);

using Arguments = std::unordered_map<int, dnnl::memory>;
// Runs a primitive to completion; does nothing on a planning device.
void execute(Device& device, const dnnl::primitive& primitive, const Arguments& arguments);

}  // namespace onednn
}  // namespace revnet
