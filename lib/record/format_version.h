// The version that every HDF5 file of this program carries.
#pragma once

#include "record/hdf5.h"

namespace revnet {

inline constexpr const char* format_version_name = "format_version";

// Refuses a file of a newer version than known (kind newer_format), and one without a version (damaged).
void check_format_version(const hdf5::Reader& file, std::int64_t known);

}  // namespace revnet
