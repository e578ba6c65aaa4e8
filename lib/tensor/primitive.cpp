#include "tensor/primitive.h"

namespace revnet::onednn {

void Primitive::run(Device& device, Arguments arguments) const {
  Tensor scratch;
  if (scratch_bytes() > 0) {
    scratch = Tensor(device, scratchpad_, MemoryPurpose::scratch);
    arguments[DNNL_ARG_SCRATCHPAD] = memory_of(scratch);
  }
  if (device.is_planning()) return;
  if (!primitive_) primitive_ = dnnl::primitive(desc_.get());
  device.perform(cost_, [&] { execute(device, primitive_, arguments); });
}

dnnl::primitive_attr primitive_attributes() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

}  // namespace revnet::onednn
