#include "run/run_summary.h"

#include <algorithm>
#include <charconv>

#include "run/run_progress.h"

namespace revnet {

void add_rows(RunSummary& summary, const RunLog& log) {
  if (!log.eval().empty()) summary.evaluation = log.eval().back();
  if (!log.eval_average().empty()) summary.evaluation_average = log.eval_average().back();
  if (!log.train().empty()) summary.training = log.train().back();
}

namespace {

int ranks_of(const RunInfo& info) {
  const std::string recorded = info.extra_or("ranks");
  int ranks = 1;  // what runs without this attribute had
  std::from_chars(recorded.data(), recorded.data() + recorded.size(), ranks);
  return std::max(1, ranks);
}

RunSummary summary_of(const EarlierRun& run, std::int64_t batch) {
  const RunLog& log = run.log;
  RunSummary summary;
  add_rows(summary, log);
  summary.ranks = ranks_of(log.info());
  const RunProgress progress = progress_of(run.checkpoint, run.checkpoint_file);
  summary.seconds = progress.seconds;
  const double mean = progress.images_per_second();  // 0 in files of earlier versions
  summary.images_per_second = mean > 0 ? mean : log.median_images_per_second(batch);
  return summary;
}

}  // namespace

RunSummary summary_of_complete(const std::optional<EarlierRun>& run, const Config& config) {
  RunSummary summary = run ? summary_of(*run, config.training.batch) : RunSummary();
  summary.was_complete = true;
  summary.status = RunStatus::complete;
  summary.iterations = config.training.iterations;
  return summary;
}

}  // namespace revnet
