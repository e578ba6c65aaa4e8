// The format version in every HDF5 file of this program.
#pragma once

#include "record/hdf5.h"

namespace revnet {

inline constexpr const char* format_version_name = "format_version";

// Throws FileError if the file's version is newer than `known` (kind newer_format) or missing (kind
// damaged).
void check_format_version(const hdf5::Reader& file, std::int64_t known);

// Throws FileError (kind damaged) if the file lacks an attribute that every file of its kind has:
// "PATH holds no WHAT; name NAME".
void check_kind(const hdf5::Reader& file, const std::string& attribute, const std::string& what,
                const std::string& name);

}  // namespace revnet
