// A training run in its directory, from settings to the final run log and checkpoint, across interruptions.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "record/run_directory.h"
#include "run/earlier_run.h"
#include "run/run_summary.h"
#include "settings/config.h"
#include "train/trainer.h"

namespace revnet {

// The code that a study runs during a training.
struct TrainingHooks {
  // Modes in which before_step computes gradients beside the run's own; the memory plan includes them.
  std::vector<ActivationMode> modes;
  // Called before every step; trainer.iteration() is the number of completed iterations, which may go back to
  // the last checkpoint's after a resumption.
  std::function<void(Trainer& trainer)> before_step;
  // Called after the last iteration and before its evaluation. A resumption at that point calls it again.
  std::function<void(Trainer& trainer)> after_training;
};

// Returns the run that is resumed, if there is one. Throws what run_training() would throw for the files that
// it starts from: those of the run in this directory, or the checkpoint of training.initialize_from.
std::optional<EarlierRun> check_start(const Config& config, const std::filesystem::path& directory,
                                      RunStart start);

// Trains until the last iteration or until a signal (interrupt.h) asks to stop, and meanwhile evaluates, logs
// and saves checkpoints. `config` must be resolved; `command` is recorded. Changes no file of a run that is
// complete. Throws UsageError on resuming if a setting that affects the arithmetic differs from the run's;
// DivergedError if the network is no longer finite (base/error.h), after logging that and keeping the last
// checkpoint; and an Error with exit code damaged_image, after saving a checkpoint, if a damaged image may
// not be left out.
//
// All ranks of a communicator make this call. Only rank 0 accesses the directory, prints, and has rows and
// times in its summary. A signal to any rank stops all of them after the same step.
RunSummary run_training(const Config& config, const std::filesystem::path& directory, RunStart start,
                        const std::string& command, const TrainingHooks& hooks = {},
                        Communicator& communicator = single_process());

}  // namespace revnet
