// What a run has come to, for the lines that a command prints at its end.
#pragma once

#include <cstdint>
#include <optional>

#include "record/run_log.h"
#include "run/earlier_run.h"
#include "settings/config.h"
#include "train/gradient_exchange.h"

namespace revnet {

struct RunSummary {
  RunStatus status = RunStatus::running;
  std::int64_t iterations = 0;      // completed
  std::int64_t images = 0;          // in the last evaluation; 0: an earlier process made it
  std::size_t images_left_out = 0;  // because they are damaged; at least so many
  EvalRow evaluation;               // the last one; iteration 0 if there was none
  EvalRow evaluation_average;       // the last one of the averaged weights; iteration 0 if there was none
  TrainRow training;                // the last one; iteration 0 if there was none
  double seconds = 0;               // duration of the whole run without pauses
  double images_per_second = 0;     // training speed, without evaluation and pauses
  std::uint64_t peak_resident_bytes = 0;
  int ranks = 1;              // of the processes that computed the last step
  ExchangeTimes exchange;     // of gradients between several ranks; no steps if nothing was left to do
  bool was_complete = false;  // nothing was left to do; `images` and the peak are then 0
};

// Takes over the last rows of a log.
void add_rows(RunSummary& summary, const RunLog& log);

// The summary of a run that is complete; only rank 0 has its files.
RunSummary summary_of_complete(const std::optional<EarlierRun>& run, const Config& config);

}  // namespace revnet
