// oneDNN tells in its own way that there is no memory.
#pragma once

#include <exception>

namespace revnet {

// Of oneDNN's errors; false for all others.
bool is_out_of_memory(const std::exception& error);

}  // namespace revnet
