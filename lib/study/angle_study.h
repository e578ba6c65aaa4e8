// revnet-compare gradient angle: the angle between stored and reconstructed gradients in the course of a
// training, or at given checkpoints.
//
// RUN/angle.h5: root attributes as study_log.h, and architecture, convolution, engine, every and batches;
// group /angle with the column iteration and, for each of these, degrees, relative_l2 and largest_difference:
//   .                      all parameters           forced/...                 with the stored ReLU masks
//   forced stageN/, stem/, head/  of a part of the network  forced/stageN/ and so on   likewise
//   units/stageN/unitM/    of a unit                stageN/reconstruction/     the reconstructed activation
// and cross_entropy, relus, flipped, stageN/relus and stageN/flipped: how many ReLUs were recomputed, and how
// many of them came out differently.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "study/gradient_angle.h"
#include "study/series.h"
#include "train/training_run.h"

namespace revnet {

struct AngleOptions {
  std::int64_t every = 50;   // iterations between measurements: before the first step and on, and at the end
  std::int64_t batches = 1;  // measured each time: the coming ones; columns are means over them
  std::filesystem::path dump;  // empty: none
};

// Called after every measurement.
using AngleReport = std::function<void(std::int64_t iteration, const Series::Row& row)>;

// Trains as run_training does and measures on the way. Interrupted and resumed, it ends with the rows of an
// uninterrupted one. All ranks call it; the first one alone writes and reports.
RunSummary run_angle_study(const Config& config, const AngleOptions& options,
                           const std::filesystem::path& directory, RunStart start, const std::string& command,
                           const AngleReport& report, Communicator& communicator);

// Measures at each checkpoint, all of one network, and writes angle.h5 into the directory, which must be
// there. A folder stands for every checkpoint in it, such as RUN/checkpoints. UsageError when two are of one
// iteration.
void run_angle_study_of_checkpoints(const std::vector<std::filesystem::path>& checkpoints,
                                    const std::function<Config(Config)>& adjust, const AngleOptions& options,
                                    const std::filesystem::path& directory, const std::string& command,
                                    const AngleReport& report);

}  // namespace revnet
