// revnet-compare training: one network trained twice from one seed, with stored and with reconstructed
// activations.
//
// RUN/stored and RUN/reconstructed are ordinary runs; RUN/training.h5 sets them side by side: root attributes
// as study_log.h; /train and /eval, each with iteration, {stored,reconstructed}/{cross_entropy,
// error_percent} and distance/{cross_entropy, error_percent}, reconstructed minus stored.
#pragma once

#include <filesystem>
#include <string>

#include "study/series.h"
#include "train/training_run.h"

namespace revnet {

struct TrainingComparison {
  RunStatus status = RunStatus::running;  // complete when both runs are
  Series train, eval;                     // iterations that both runs have
};

// Trains both, the stored one first; resuming goes on where an earlier process stopped, and a finished run is
// left alone. Everything as run_training (training_run.h) says.
TrainingComparison run_training_comparison(const Config& config, const std::filesystem::path& directory,
                                           RunStart start, const std::string& command);

}  // namespace revnet
