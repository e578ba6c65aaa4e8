// What a checkpoint holds of a run beside the state of its training: /progress.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "ops/softmax_cross_entropy.h"
#include "record/checkpoint.h"

namespace revnet {

struct RunProgress {
  Loss window;         // of the steps since the last row of /train
  double seconds = 0;  // the duration of the run without pauses
  // Of all training steps, evaluations apart. 0 in files of earlier versions.
  double step_seconds = 0, step_images = 0;
  // Under exact coupling, how often a function was beyond the range.
  std::optional<double> beyond_range;
  // In best.h5, its evaluation error.
  std::optional<double> evaluation_error_percent;

  // The mean training speed; 0 if it is not known.
  double images_per_second() const { return step_seconds > 0 ? step_images / step_seconds : 0; }
};

std::map<std::string, double> to_entries(const RunProgress& progress);
// Throws Error if an entry is missing that every checkpoint of a run has; `file` is for the message.
RunProgress progress_of(const Checkpoint& checkpoint, const std::string& file);

}  // namespace revnet
