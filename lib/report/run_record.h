// One run, finished or not, as reports see it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "record/run_log.h"
#include "settings/config.h"

namespace revnet {

struct RunRecord {
  std::filesystem::path directory;
  Config config;  // resolved
  // What a result depends on beside the settings: which images (their fingerprint), and how many ranks
  // divided each batch for local batch normalization. Empty where they make no difference.
  std::string images, ranks;
  // What of this, or of the training's length, changed when the run was resumed: "ranks 2 -> 1 after
  // iteration 6". Empty if nothing did.
  std::string changes;
  std::string cpu;                        // of the latest process
  RunStatus status = RunStatus::running;  // from the log; running only while some process holds the run
  std::vector<TrainRow> train;
  std::vector<EvalRow> eval;
  std::vector<EvalRow> eval_average;  // of averaged weights; empty if none are kept
  double images_per_second = 0;       // in training steps (RunLog::median_images_per_second); 0: unknown
  double seconds = 0;
  // Whether the gradient angle was measured in its course. Such a run keeps activations in every way to be
  // compared, so its memory says nothing about its own way and is left unknown.
  bool measured_angle = false;
  std::int64_t saved_bytes = 0, peak_bytes = 0, resident_bytes = 0;  // 0: unknown

  bool complete() const { return status == RunStatus::complete && !eval.empty(); }
};

// Reads RUN/run.h5 and checks RUN/run.lock. Throws a FileError that names the file if it is missing or
// damaged.
RunRecord read_run(const std::filesystem::path& directory);

// Logs of earlier versions do not identify CIFAR's images. Such runs are taken to have those of the other
// runs with the same data set, where these agree.
void fill_in_images(std::vector<RunRecord>& runs);

// Every run directory (a folder that holds run.h5) at or below these folders, sorted by path. Throws a
// UsageError that names the first folder without a run.
std::vector<std::filesystem::path> find_runs(const std::vector<std::filesystem::path>& folders);

}  // namespace revnet
