// libFuzzer's entry point for one target, which the build names.
#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  revnet::fuzz::REVNET_FUZZ_TARGET({data, size});
  return 0;
}
