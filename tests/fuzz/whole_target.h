// Fuzz targets that know what was written: whatever a reader accepts of a damaged file is that, value for
// value.
#pragma once

#include <vector>

#include "fuzz/target.h"

namespace revnet::fuzz {

struct WholeTarget {
  const char* name;
  void (*run)(Input);
  std::vector<Bytes> (*seeds)();
};

// checkpoint.h5, run.h5, a study's log, packed images, a CIFAR batch beside its checksum, and a run's
// config.yaml.
extern const std::vector<WholeTarget> whole_targets;

}  // namespace revnet::fuzz
