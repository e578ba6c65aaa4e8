// The HDF5 file that holds a study's measurements.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "record/hdf5.h"
#include "study/series.h"

namespace revnet {

// Throws UsageError if the file exists and may not be replaced, which only a study's file may, and Error if
// nothing can be written there; creates its parent folders. Call it before measuring.
void claim_study_log(const std::filesystem::path& file, bool replace);

// Sets the root attributes format_version, study ("speed"), command, version, host, cpu and onednn_version.
hdf5::Writer start_study_log(const std::filesystem::path& file, const std::string& study,
                             const std::string& command);

// What an earlier process wrote, for resuming a study.
struct StudyLog {
  std::map<std::string, std::int64_t> attributes;  // of the root
  Series series;
};

// Reads these root attributes and the series in `group`. Throws FileError if the file is damaged, of a
// newer format or from another study.
StudyLog read_study_log(const std::filesystem::path& file, const std::string& study,
                        const std::vector<std::string>& attributes, const std::string& group);

}  // namespace revnet
