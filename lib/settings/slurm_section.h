// Reads the section `slurm` of a sweep. Internal to lib/settings.
#pragma once

#include "settings/node_reader.h"
#include "settings/slurm_settings.h"

namespace revnet {

// Throws UsageError, with file and line, for unknown keys and impossible values.
SlurmSettings read_slurm_section(const YAML::Node& section, const NodeReader& nodes);

}  // namespace revnet
