// What Writer and Reader share below their surface. Internal to lib/record.
#pragma once

#include <string>

namespace revnet::hdf5 {

// Opens the library and switches its own error printing off.
void start_library();

// The library's most exact description of what just failed, on one line, or "unknown HDF5 error". Clears it.
std::string take_error();

// "/stage1/unit1": a path from the root, as messages and HDF5 calls have it.
std::string absolute(const std::string& name);

}  // namespace revnet::hdf5
