// The HDF5 file in which a study leaves what it measured.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "record/hdf5.h"
#include "study/series.h"

namespace revnet {

// Refuses a file that is there, unless it may be replaced; makes the folders on the way. To be called before
// anything is measured. UsageError.
void claim_study_log(const std::filesystem::path& file, bool replace);

// With root attributes format_version, study ("speed"), command, version, host, cpu and onednn_version.
hdf5::Writer start_study_log(const std::filesystem::path& file, const std::string& study,
                             const std::string& command);

// What an earlier process left, to go on with.
struct StudyLog {
  std::map<std::string, std::int64_t> attributes;  // of the root
  Series series;
};

// With these attributes and the series in this group. RecordError when it is damaged, of a newer format or
// another study's.
StudyLog read_study_log(const std::filesystem::path& file, const std::string& study,
                        const std::vector<std::string>& attributes, const std::string& group);

}  // namespace revnet
