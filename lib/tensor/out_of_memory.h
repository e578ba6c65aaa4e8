// Recognises oneDNN's own error for running out of memory.
#pragma once

#include <exception>

namespace revnet {

// Whether the error is dnnl::error with the status out_of_memory.
bool is_out_of_memory(const std::exception& error);

}  // namespace revnet
