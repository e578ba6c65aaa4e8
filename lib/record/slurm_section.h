// Reads the section `slurm` of a sweep. Internal to lib/record.
#pragma once

#include "record/node_reader.h"
#include "record/slurm_settings.h"

namespace revnet {

// Throws UsageError, with file and line, for unknown keys and impossible values.
SlurmSettings read_slurm_section(const YAML::Node& section, const NodeReader& nodes);

}  // namespace revnet
