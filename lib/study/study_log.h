// The HDF5 file in which a study leaves what it measured.
#pragma once

#include <filesystem>
#include <string>

#include "record/hdf5.h"

namespace revnet {

// Refuses a file that is there, unless it may be replaced; makes the folders on the way. To be called before
// anything is measured. UsageError.
void claim_study_log(const std::filesystem::path& file, bool replace);

// With root attributes format_version, study ("speed"), command, version, host, cpu and onednn_version.
hdf5::Writer start_study_log(const std::filesystem::path& file, const std::string& study,
                             const std::string& command);

// What an earlier process left, to go on with. RecordError when it is damaged, of a newer format or another
// study's.
hdf5::Reader open_study_log(const std::filesystem::path& file, const std::string& study);

}  // namespace revnet
