#pragma once

#include <string>

namespace revnet {

// The widest instructions that oneDNN generates code for here, "avx512_core_bf16": $ONEDNN_MAX_CPU_ISA may
// keep it below what the processor has.
std::string onednn_instruction_set();

}  // namespace revnet
