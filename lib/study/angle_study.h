// revnet-compare gradient angle: the angle between the gradients with stored and with reconstructed
// activations, in the course of training or at given checkpoints.
//
// RUN/angle.h5 has the root attributes of study_log.h plus architecture, convolution, engine, coupling, every
// and batches. Group /angle has a column iteration and, under each of these prefixes, degrees, relative_l2
// and largest_difference:
//   (none)                         all parameters
//   stageN/, stem/, head/          one part of the network
//   units/stageN/unitM/            one unit; units/stem/ and units/head/ repeat stem/ and head/
//   forced/, forced/stageN/ ...    the same with the stored computation's ReLU masks
//   stageN/reconstruction/         the reconstructed activation
// Further columns: cross_entropy; and relus and flipped, also per stage as stageN/relus and stageN/flipped,
// which count the recomputed ReLUs and those that came out differently.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "run/training_run.h"
#include "study/series.h"

namespace revnet {

struct AngleOptions {
  static constexpr std::int64_t default_every = 50, default_batches = 1;

  // Iterations between measurements, from before the first step on; also at the end. 0 in the log of a study
  // of checkpoints. Nothing: as the study that is resumed, or else the default.
  std::optional<std::int64_t> every;
  // Upcoming batches per measurement; columns are means over them. Nothing: as for `every`.
  std::optional<std::int64_t> batches;
  // File for the last measurement, empty for none: attribute iteration, /batch/{images, labels},
  // /parameters/NAME, and /gradients/{stored, reconstructed}/NAME.
  std::filesystem::path dump;
};

// Called after every measurement.
using AngleReport = std::function<void(std::int64_t iteration, const Series::Row& row)>;

// Trains as run_training() does and measures on the way. When interrupted and resumed, it ends with the same
// rows as an uninterrupted study. All ranks call it; only the first one writes and reports.
RunSummary run_angle_study(const Config& config, const AngleOptions& options,
                           const std::filesystem::path& directory, RunStart start, const std::string& command,
                           const AngleReport& report, Communicator& communicator);

// Measures at each checkpoint, all of one network, and writes angle.h5 to the directory, which must exist. A
// folder such as RUN/checkpoints stands for every checkpoint in it. Each is measured with the settings it
// holds, as `adjust` changes them. A signal ends the study between two checkpoints. Returns how many were
// measured. Throws UsageError if two checkpoints have the same iteration, or networks or data sets that
// differ.
std::size_t run_angle_study_of_checkpoints(const std::vector<std::filesystem::path>& checkpoints,
                                           const std::function<Config(Config)>& adjust,
                                           const AngleOptions& options,
                                           const std::filesystem::path& directory, const std::string& command,
                                           const AngleReport& report);

}  // namespace revnet
