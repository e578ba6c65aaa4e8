// A run's plan in words and as YAML: what --dry-run prints and the closing summary quotes.
#pragma once

#include <string>

#include "record/config.h"

namespace revnet {

// YAML with the keys of the command-line contract: parameters, parameter_bytes, macs_per_image, and
// activation_bytes and peak_bytes by mode; then the resolved settings. Touches no file and needs no data set.
std::string plan_yaml(const Config& config, const std::string& run_directory);

// "49.7 MB saved (reconstructed); 304.6 MB if stored".
std::string describe_activation_bytes(const Config& config);

}  // namespace revnet
