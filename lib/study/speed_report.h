// Measured speeds as tables and as a file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/table.h"
#include "study/speed.h"

namespace revnet {

// All that one run of `revnet-compare speed` measured.
struct SpeedStudy {
  SpeedOptions options;
  std::vector<SpeedResult> results;
  // The most that sgemm reached with as many threads as each result had, GFLOP/s; in the order of the
  // results.
  std::vector<double> sgemm_gflops;
};

// A line a result: milliseconds a step (median and the spread from the 10th to the 90th percentile), images a
// second, floor, ratio, the same primitives out of cache, reconstructed over stored, GFLOP/s and its share of
// sgemm's, saved and peak memory.
Table speed_table(const SpeedStudy& study);

// Of the profiled steps of one result: by operation and size of image, time, share, GFLOP/s or GB/s, and how
// that stands to the floor's time for the same operations.
Table profile_table(const SpeedResult& result);

// HDF5: a group a result, /1, /2 and so on, with its settings and medians as attributes and the columns
// step_seconds, floor/{operation, shape, implementation, count, seconds, seconds_out_of_cache} and, if
// profiled, profile/{operation, height, calls, seconds, flops, bytes} a step.
void write_speed_log(const std::filesystem::path& file, const SpeedStudy& study, const std::string& command);

}  // namespace revnet
