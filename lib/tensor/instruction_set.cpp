#include "tensor/instruction_set.h"

#include "tensor/onednn.h"

namespace revnet {

std::string onednn_instruction_set() {
  using Isa = dnnl::cpu_isa;
  const Isa isa = dnnl::get_effective_cpu_isa();
  switch (isa) {
    case Isa::sse41:
      return "sse41";
    case Isa::avx:
      return "avx";
    case Isa::avx2:
      return "avx2";
    case Isa::avx2_vnni:
      return "avx2_vnni";
    case Isa::avx512_core:
      return "avx512_core";
    case Isa::avx512_core_vnni:
      return "avx512_core_vnni";
    case Isa::avx512_core_bf16:
      return "avx512_core_bf16";
    case Isa::avx512_core_amx:
      return "avx512_core_amx";
    default:
      break;
  }
  const char* const later = onednn::name_of_later(isa);
  return later != nullptr ? later : "oneDNN's number " + std::to_string(static_cast<int>(isa));
}

}  // namespace revnet
