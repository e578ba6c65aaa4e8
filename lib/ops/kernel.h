// A oneDNN primitive and the scratchpad it needs. Built once; run on any buffers of the layouts it was built
// for.
//
// The scratchpad is a buffer from the device's arena (oneDNN's "user" mode), so that it counts in the ledger
// and the primitive may run in another thread than the one that built it.
#pragma once

#include <string>

#include <dnnl.hpp>

#include "tensor/tensor.h"

namespace revnet {

class Kernel {
 public:
  Kernel() = default;

  // On a planning device the primitive itself is not built: no code is generated.
  template <class PrimitiveDesc>
  Kernel(const Device& device, const PrimitiveDesc& desc, const Work& work)
      : scratchpad_(desc.scratchpad_desc()), implementation_(desc.impl_info_str()), work_(work) {
    if (!device.is_planning()) primitive_ = dnnl::primitive(desc.get());
  }

  bool empty() const { return implementation_.empty(); }
  // "jit:avx512_core", say; "ref:any" is oneDNN's slow reference.
  const std::string& implementation() const { return implementation_; }
  std::size_t scratch_bytes() const { return scratchpad_.bytes(); }
  // What one run does, for profiles.
  const Work& work() const { return work_; }

  void run(Device& device, Arguments arguments) const;

 private:
  dnnl::primitive primitive_;
  Layout scratchpad_;
  std::string implementation_;
  Work work_;
};

// Attributes of every primitive: user scratchpad.
dnnl::primitive_attr kernel_attributes();

}  // namespace revnet
