// Formats measured speeds as tables and as a file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/table.h"
#include "study/speed.h"

namespace revnet {

// Everything that one run of `revnet-compare speed` measured.
struct SpeedStudy {
  SpeedOptions options;
  std::vector<SpeedResult> results;
};

// One line per result: milliseconds per step (median, and spread from the 10th to the 90th percentile),
// images per second, floor, ratio to the floor, the floor's primitives out of cache, the limit (limit.h) and
// its share of the step, reconstructed over stored, GFLOP/s and their share of sgemm's, saved and peak
// memory.
Table speed_table(const SpeedStudy& study);

// The same for programs: the file's attributes, in bytes and seconds. The spread of a step is from
// seconds_decile_1 to seconds_decile_9.
Table speed_data(const SpeedStudy& study);

// The profiled steps of one result by operation and image size: time, share, GFLOP/s, GB/s, the limit and its
// share, and the floor's time for the same operations. Its first columns name the case if asked.
Table profile_table(const SpeedResult& result, bool names_case = false);

// Writes HDF5 with one group per result, /1, /2 and so on. Settings and medians are attributes; the columns
// are step_seconds, floor/{operation, shape, implementation, count, seconds, seconds_out_of_cache} and, if
// profiled, profile/{operation, height, calls, seconds, flops, bytes, limit_seconds} per step.
void write_speed_log(const std::filesystem::path& file, const SpeedStudy& study, const std::string& command);

}  // namespace revnet
