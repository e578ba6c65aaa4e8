// Reading experiment files node by node. Internal to lib/record.
#pragma once

#include <string>
#include <string_view>

#include <yaml-cpp/yaml.h>

#include "record/config.h"

namespace revnet {

inline constexpr const char* sweep_section = "sweep";

// Lays the document's settings over config and returns its section `sweep`, undefined if it has none.
// UsageError, with the line.
YAML::Node read_document(Config& config, std::string_view yaml, const std::string& origin);

// A file of settings; UsageError if it cannot be read.
std::string read_experiment_file(const std::filesystem::path& file);

}  // namespace revnet
