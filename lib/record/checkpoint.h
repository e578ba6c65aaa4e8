// RUN/checkpoint.h5: everything a run needs to go on as if it had never stopped.
//
// The file: root attributes format_version and iteration (int64); group /progress with one float64 attribute
// per entry; /config, the resolved YAML; /parameters/NAME and /momentum/NAME (float32, any rank);
// /running/NAME/{mean, variance} (float32, rank 1); where an average of the weights is kept, /average/NAME.
// NAME has slashes (stage1/unit1/f/conv1/weight), so arrays lie in nested groups. All floating point values
// come back bit for bit.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace revnet {

struct NamedArray {
  std::string name;                 // "stage1/unit1/f/conv1/weight"
  std::vector<std::int64_t> shape;  // such as [out, in, kh, kw]
  std::vector<float> values;        // plain row-major, product(shape) of them
  bool operator==(const NamedArray&) const = default;
};

struct RunningAverage {
  std::string name;                   // "stage1/unit1/f/bn1"
  std::vector<float> mean, variance;  // one value per channel
  bool operator==(const RunningAverage&) const = default;
};

struct Checkpoint {
  std::int64_t iteration = 0;              // iterations done
  std::map<std::string, double> progress;  // such as the sums of the open logging window
  std::string config;                      // resolved YAML
  std::vector<NamedArray> parameters, momentum;
  std::vector<NamedArray> average;  // of the parameters over the steps; empty where none is kept
  std::vector<RunningAverage> running;
  bool has_checksums = false;  // whether the file that this was read from had any
};

// Replaces the file, synced to the disk before and after: the old checkpoint stays whole until the new one is
// durable. On failure (FileError) the old one is untouched and no temporary file is left.
// Throws Error if a name is empty, has empty parts or appears twice, or if values do not fill the shape.
void write_checkpoint(const std::filesystem::path& file, const Checkpoint& checkpoint);

// Arrays come in the order of their names, whatever the order of writing. Throws FileError if the file is
// missing, damaged or of a newer format. Which names and shapes a network needs is the caller's to check.
Checkpoint read_checkpoint(const std::filesystem::path& file);

// The latest of the checkpoints in a folder, each ITERATION.h5, that can be read; empty where there is none.
std::filesystem::path newest_whole_checkpoint(const std::filesystem::path& folder);

}  // namespace revnet
