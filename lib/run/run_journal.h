// Everything that a run writes to disk: run directory, run log, text log and checkpoints. With several ranks,
// only rank 0 has a journal.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/stopwatch.h"
#include "record/row_file.h"
#include "record/run_directory.h"
#include "record/run_log.h"
#include "run/reporter.h"
#include "run/run_progress.h"
#include "run/slowdown.h"
#include "settings/config.h"
#include "train/trainer.h"

namespace revnet {

class RunJournal {
 public:
  // `directory` is already locked for this run. `info` describes this process.
  RunJournal(const Config& config, RunDirectory directory, const RunInfo& info);

  // Restores the state of an earlier process from its last checkpoint, if there is one. Throws UsageError if
  // a setting differs that must not.
  void resume(Trainer& trainer);
  // Writes the settings and starts the clocks. Called just before the first step.
  void begin(std::int64_t iteration);

  // Records a step: its loss, learning rate and duration.
  void stepped(const Trainer& trainer, const Loss& loss, double rate, double seconds);
  void evaluated(const Trainer& trainer, const Loss& loss);
  // Returns whether the error is smaller than that of the best checkpoint so far. All evaluations passed here
  // must be of the same images.
  bool is_best(const Loss& loss) const { return !best_error_ || loss.error_percent() < *best_error_; }
  // Saves `checkpoint`, the trainer's state, as the best one; `loss` is its evaluation.
  void save_best(Checkpoint checkpoint, const Loss& loss);
  // Records the evaluation of the averaged weights.
  void evaluated_average(const Trainer& trainer, const Loss& loss);
  // Records damaged images, one line for each; lines may repeat those of earlier calls.
  void left_out(const std::set<std::string>& lines);
  // Of the damaged images, at least so many: a resumed run knows how many there were before, but not which.
  std::size_t images_left_out() const { return std::max(left_out_before_, left_out_.size()); }
  // Saves `checkpoint`, the trainer's state. With `keep`, also saves a copy that is never overwritten.
  void save(const Trainer& trainer, Checkpoint checkpoint, bool keep);
  // Writes the last entry of this process.
  void end(const Trainer& trainer, RunStatus status);

  Reporter& reporter() { return reporter_; }
  const RunLog& log() const { return log_; }
  // The duration of the whole run without pauses.
  double seconds() const { return progress_.seconds + clock_.seconds(); }
  // The mean training speed of the whole run, without evaluations.
  double mean_images_per_second() const { return progress_.images_per_second(); }

 private:
  // Reads the error of the best checkpoint so far, if further errors compare with it; warns if they do not.
  void resume_best();
  // Adds the settings and progress that a run needs to resume, and the best checkpoint's evaluation error.
  Checkpoint whole(Checkpoint checkpoint, std::optional<double> error_percent = {}) const;
  // Records the largest sums of the step under exact coupling, and warns if one is beyond the range.
  void watch_range(const Trainer& trainer);
  void log_row(const Trainer& trainer, double rate);
  // Appends to the files that are meant to be watched during the run.
  void show(const MetricsRow& row);
  // Warns once if an evaluation with running averages comes too early to be meaningful.
  void warn_of_young_averages(const Trainer& trainer);
  void save_log(const Trainer& trainer, RunStatus status);

  Config config_;
  RunDirectory directory_;
  Reporter reporter_;
  RunLog log_;
  RunProgress progress_;  // its seconds are those spent by earlier processes
  bool warned_of_range_ = false, warned_of_young_averages_ = false;
  std::vector<RowFile> row_files_;    // open from begin() on
  std::optional<double> best_error_;  // the evaluation error of best.h5 in percent
  std::set<std::string> left_out_;    // a line for each damaged image
  std::size_t left_out_before_ = 0;   // by earlier processes
  Stopwatch clock_, since_log_saved_;
  SlowdownWatch slowdown_;
};

}  // namespace revnet
