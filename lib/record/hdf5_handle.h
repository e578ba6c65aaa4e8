// What Writer and Reader share. Internal to lib/record.
#pragma once

#include <string>

namespace revnet::hdf5 {

// Opens the library and switches off its own error printing.
void start_library();

// The library's most specific description of the last failure, on one line, or "unknown HDF5 error". Clears
// it.
std::string take_error();

// "/stage1/unit1": the path from the root, as messages and HDF5 calls need it.
std::string absolute(const std::string& name);

}  // namespace revnet::hdf5
