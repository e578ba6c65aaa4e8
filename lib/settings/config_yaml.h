// Reads experiment files node by node. Internal to lib/settings.
#pragma once

#include <string>
#include <string_view>

#include <yaml-cpp/yaml.h>

#include "settings/config.h"

namespace revnet {

inline constexpr const char* sweep_section = "sweep";

// Overlays the document's settings on `config` and returns its section `sweep`, undefined if there is none.
// Throws a UsageError that names the line.
YAML::Node read_document(Config& config, std::string_view yaml, const std::string& origin);

}  // namespace revnet
