// revnet-compare training: one network trained twice from one seed, with stored and with reconstructed
// activations.
//
// RUN/stored and RUN/reconstructed are ordinary runs. RUN/training.h5 puts them side by side: root attributes
// as in study_log.h, and the groups /train and /eval with the columns iteration,
// {stored,reconstructed}/{cross_entropy,error_percent} and difference/{cross_entropy,error_percent}, which is
// reconstructed minus stored.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "run/training_run.h"
#include "study/series.h"

namespace revnet {

struct TrainingComparison {
  RunStatus status = RunStatus::running;  // complete once both runs are
  Series train, eval;                     // the iterations that both runs have, means since the one before
};

// Trains both networks, the stored one first. Throws UsageError if the directory itself holds a run. When
// resuming, continues where an earlier process stopped and leaves a finished run alone. `begins`, if given,
// is called before each of them. In every other respect as run_training() (training_run.h).
TrainingComparison run_training_comparison(
    const Config& config, const std::filesystem::path& directory, RunStart start, const std::string& command,
    const std::function<void(Config::Network::Activations)>& begins = {});

}  // namespace revnet
