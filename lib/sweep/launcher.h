// What the places where jobs can run have in common: local_launcher.h starts them on this machine, and
// slurm_launcher.h submits them to Slurm.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

namespace revnet {

// Receives one line for every event.
using Say = std::function<void(const std::string&)>;

struct SweepPaths {
  std::filesystem::path directory;  // SWEEP, with one run directory per job, SWEEP/NAME
  std::filesystem::path program;    // revnet-train
};

struct SweepSummary {
  std::size_t complete = 0, failed = 0, unfinished = 0;
  bool interrupted = false;
};

}  // namespace revnet
