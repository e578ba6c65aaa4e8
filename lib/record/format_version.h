// The format version in every HDF5 file of this program.
#pragma once

#include "record/hdf5.h"

namespace revnet {

inline constexpr const char* format_version_name = "format_version";

// Throws RecordError if the file's version is newer than
// `known` (kind newer_format) or missing (kind damaged).
void check_format_version(const hdf5::Reader& file, std::int64_t known);

}  // namespace revnet
