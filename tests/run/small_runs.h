// Helpers for tests of whole runs: one of four iterations, and hooks that end it early.
#pragma once

#include <filesystem>

#include <doctest/doctest.h>

#include "run/training_run.h"
#include "train/support.h"

namespace revnet {

inline Config run_config() {
  Config config = small_config();
  config.training.batch = 4;
  config.log.every = 2;
  config.evaluation.every = 0;
  config.checkpoint.every = 2;
  config.checkpoint.keep_best = true;
  return config;
}

// Copies a finished run, which is trained only once because it evaluates 2,000 test images.
inline std::filesystem::path finished_run(const TemporaryDirectory& folder) {
  static const TemporaryDirectory original;
  static const RunSummary summary = run_training(run_config(), original / "run", RunStart::fresh, "test");
  CHECK(summary.status == RunStatus::complete);
  CHECK(summary.iterations == 4);
  CHECK(summary.images == 2000);
  CHECK(summary.evaluation.iteration == 4);
  std::filesystem::copy(original / "run", folder / "run");
  return folder / "run";
}

// Hooks that end a run after so many iterations.
inline TrainingHooks ending_after(std::int64_t iterations) {
  TrainingHooks hooks;
  hooks.before_step = [iterations](const Trainer& trainer) {
    if (trainer.iteration() >= iterations) throw Error("the end");
  };
  return hooks;
}

}  // namespace revnet
