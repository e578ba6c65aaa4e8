// A oneDNN primitive and the scratchpad it needs. Described once; run on any buffers of the layouts it was
// described for.
//
// oneDNN generates a primitive's code on its first run, so that nothing is built that never runs: the passes
// of another way to keep activations, evaluation in a study of gradients, all of them on a planning device.
// The scratchpad is a buffer from the device's arena (oneDNN's "user" mode), so that it counts in the ledger
// and the primitive may run in another thread than the one that described it.
#pragma once

#include <string>

#include "tensor/onednn_handles.h"

namespace revnet::onednn {

class Primitive {
 public:
  Primitive() = default;

  template <class PrimitiveDesc>
  Primitive(const PrimitiveDesc& desc, const Work& work)
      : desc_(desc),
        scratchpad_(layout_of(desc.scratchpad_desc())),
        implementation_(desc.impl_info_str()),
        work_(work) {}

  bool empty() const { return implementation_.empty(); }
  // "jit:avx512_core", say; "ref:any" is oneDNN's slow reference.
  const std::string& implementation() const { return implementation_; }
  std::size_t scratch_bytes() const { return scratchpad_.bytes(); }
  // What one run does, for profiles.
  const Work& work() const { return work_; }

  void run(Device& device, Arguments arguments) const;

 private:
  dnnl::primitive_desc_base desc_;
  mutable dnnl::primitive primitive_;  // from the first run on
  Layout scratchpad_;
  std::string implementation_;
  Work work_;
};

// Attributes of every primitive: user scratchpad.
dnnl::primitive_attr primitive_attributes();

}  // namespace revnet::onednn
