// What a run writes down: its directory, run log, text log and checkpoints. With several ranks, the first one
// alone has a journal.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "record/config.h"
#include "record/row_file.h"
#include "record/run_directory.h"
#include "record/run_log.h"
#include "train/reporter.h"
#include "train/trainer.h"

namespace revnet {

class RunJournal {
 public:
  // In a directory taken for this run. `info` describes this process.
  RunJournal(const Config& config, RunDirectory directory, const RunInfo& info);

  // Takes the trainer to the state of an earlier process, if that came as far as a checkpoint. UsageError
  // when a setting that must not differ does.
  void resume(Trainer& trainer);
  // Starts the clocks, when everything is ready for the first step; writes the settings.
  void begin(std::int64_t iteration);

  // After a step that took so many seconds: its loss and learning rate.
  void stepped(const Trainer& trainer, const Loss& loss, double rate, double seconds);
  void evaluated(const Trainer& trainer, const Loss& loss);
  // Whether no evaluation with a checkpoint that is kept as the best had an error as small. To be asked of
  // evaluations of the same images alone.
  bool is_best(const Loss& loss) const { return !best_error_ || loss.error_percent() < *best_error_; }
  // `checkpoint`: the trainer's state, evaluated with that loss.
  void save_best(Checkpoint checkpoint, const Loss& loss);
  // Beside that, with the average of the weights.
  void evaluated_average(const Trainer& trainer, const Loss& loss);
  // Damaged images, a line each; those of earlier calls may be among them.
  void left_out(const std::set<std::string>& lines);
  std::size_t images_left_out() const { return left_out_.size(); }
  // `checkpoint`: the trainer's state. keep: for good, too.
  void save(const Trainer& trainer, Checkpoint checkpoint, bool keep);
  // The last entry of this process.
  void end(const Trainer& trainer, RunStatus status);

  Reporter& reporter() { return reporter_; }
  const RunLog& log() const { return log_; }
  // Of the whole run, pauses left out.
  double seconds() const { return seconds_before_ + clock_.seconds(); }
  // Of training in this process, evaluation left out.
  double images_per_second() const;

 private:
  // Takes up the error of the best checkpoint so far, where further ones compare with it.
  void resume_best();
  // The checkpoint with what else a run goes on from.
  Checkpoint whole(Checkpoint checkpoint) const;
  // With exact coupling: what the step's sums came to, and a warning when one was beyond the range.
  void watch_range(const Trainer& trainer);
  void log_row(const Trainer& trainer, double rate);
  // Into the files for those who watch.
  void show(const MetricsRow& row);
  // Once, when an evaluation by running averages comes too early to mean much.
  void warn_of_young_averages(const Trainer& trainer);
  void save_log(const Trainer& trainer, RunStatus status, bool durable);

  Config config_;
  RunDirectory directory_;
  Reporter reporter_;
  RunLog log_;
  Loss window_;                  // since the last row of /train
  double seconds_before_ = 0;    // of earlier processes
  double training_seconds_ = 0;  // of this one, in training steps
  std::int64_t trained_ = 0;     // images, likewise
  bool warned_of_range_ = false, warned_of_young_averages_ = false;
  std::vector<RowFile> row_files_;    // since begin()
  std::optional<double> best_error_;  // of best.h5, in percent
  std::set<std::string> left_out_;    // what was wrong with each damaged image
  Stopwatch clock_, since_save_;
};

}  // namespace revnet
