#include "ops/kernel.h"

namespace revnet {

void Kernel::run(Device& device, Arguments arguments) const {
  Tensor scratch;
  if (scratch_bytes() > 0) {
    scratch = Tensor(device, scratchpad_, MemoryPurpose::scratch);
    arguments[DNNL_ARG_SCRATCHPAD] = scratch.memory();
  }
  device.perform(work_, [&] { device.execute(primitive_, arguments); });
}

dnnl::primitive_attr kernel_attributes() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

}  // namespace revnet
