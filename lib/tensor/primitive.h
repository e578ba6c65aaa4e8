// A oneDNN primitive and its scratchpad. It is described once, and runs on any buffers of the layouts it was
// described for.
//
// oneDNN generates a primitive's code when the primitive is built, so it is built on its
// first run. Nothing is generated for passes that never run: those of other ways to keep
// activations, evaluation in a gradient study, everything on a planning device. The
// scratchpad is a buffer from the device's arena (oneDNN's "user" mode), so that the ledger
// counts it and any thread may run the primitive, not only the one that described it.
#pragma once

#include <string>

#include "tensor/onednn_handles.h"

namespace revnet::onednn {

class Primitive {
 public:
  Primitive() = default;

  template <class PrimitiveDesc>
  Primitive(const PrimitiveDesc& desc, const Cost& cost)
      : desc_(desc),
        scratchpad_(layout_of(desc.scratchpad_desc())),
        implementation_(desc.impl_info_str()),
        cost_(cost) {}

  bool empty() const { return implementation_.empty(); }
  // oneDNN's name of the implementation, such as "jit:avx512_core"; "ref:any" is its slow reference.
  const std::string& implementation() const { return implementation_; }
  std::size_t scratch_bytes() const { return scratchpad_.bytes(); }
  // What one run costs, for profiles.
  const Cost& cost() const { return cost_; }

  void run(Device& device, Arguments arguments) const;

 private:
  dnnl::primitive_desc_base desc_;
  mutable dnnl::primitive primitive_;  // built on the first run
  Layout scratchpad_;
  std::string implementation_;
  Cost cost_;
};

// The attributes every primitive is created with: scratchpad mode "user".
dnnl::primitive_attr primitive_attributes();

}  // namespace revnet::onednn
