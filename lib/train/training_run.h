// One training run in its directory: from settings to a finished run log and checkpoint, across
// interruptions.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "record/config.h"
#include "record/run_directory.h"
#include "record/run_log.h"
#include "train/earlier_run.h"
#include "train/memory_plan.h"
#include "train/trainer.h"

namespace revnet {

enum class RunStart {
  fresh,      // refuse a directory that holds a run
  overwrite,  // replace the run that is there
  resume,     // go on with it, or start where there is none
};

struct RunSummary {
  RunStatus status = RunStatus::running;
  std::int64_t iterations = 0;      // done
  std::int64_t images = 0;          // of the last evaluation
  std::size_t images_left_out = 0;  // because they are damaged
  EvalRow evaluation;               // the last one; iteration 0 when there was none
  EvalRow evaluation_average;       // likewise, of the average of the weights
  TrainRow training;                // the last row; likewise
  double seconds = 0;               // of the whole run, pauses left out
  double images_per_second = 0;     // of training, evaluation left out; pauses too
  MemoryPlan plan;
  std::uint64_t peak_resident_bytes = 0;
  int ranks = 1;
  ExchangeTimes exchange;     // of gradients, with several ranks
  bool was_complete = false;  // nothing was left to do: `images`, `plan` and the peak are 0
};

// What a study does in the course of a training.
struct TrainingHooks {
  // Modes in which before_step computes gradients, beside the run's own: their memory is planned for.
  std::vector<ActivationMode> modes;
  // Before every step, with the iterations done so far in trainer.iteration(); after a resumption the count
  // may go back to the last checkpoint's.
  std::function<void(Trainer& trainer)> before_step;
  // After the last iteration, before it is evaluated; again when a complete run is resumed.
  std::function<void(Trainer& trainer)> after_training;
};

// What a run goes on with, if it does. Throws what run_training() would for the files that it begins with:
// those of the run there, or the checkpoint of training.initialize_from.
std::optional<EarlierRun> check_start(const Config& config, const std::filesystem::path& directory,
                                      RunStart start);

// Trains until the last iteration, or until a signal (interrupt.h) asks to stop; evaluates, logs and saves
// checkpoints on the way. `config` is resolved; `command` is recorded. When resuming, the settings that
// decide the arithmetic must be those of the run: UsageError names the first that is not. Of a run that is
// complete no file changes. DivergedError when
// the loss is no longer finite: the last checkpoint is kept and the log says so. An Error of exit code
// damaged_image when an image is damaged and may not be left out: a checkpoint is saved before.
RunSummary run_training(const Config& config, const std::filesystem::path& directory, RunStart start,
                        const std::string& command, const TrainingHooks& hooks = {});
// The same on all ranks, which make this call together. The first one alone touches the directory, prints,
// and has rows and times in its summary. A signal that comes to any rank stops all after the same step.
RunSummary run_training(const Config& config, const std::filesystem::path& directory, RunStart start,
                        const std::string& command, const TrainingHooks& hooks, Communicator& communicator);

}  // namespace revnet
