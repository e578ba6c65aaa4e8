#include "run/run_summary.h"

namespace revnet {

void add_rows(RunSummary& summary, const RunLog& log) {
  if (!log.eval().empty()) summary.evaluation = log.eval().back();
  if (!log.eval_average().empty()) summary.evaluation_average = log.eval_average().back();
  if (!log.train().empty()) summary.training = log.train().back();
}

namespace {

RunSummary summary_of(const EarlierRun& run, std::int64_t batch) {
  const RunLog& log = run.log;
  RunSummary summary;
  add_rows(summary, log);
  const auto progress = [&](const char* key, double otherwise) {
    const auto found = run.checkpoint.progress.find(key);
    return found == run.checkpoint.progress.end() ? otherwise : found->second;
  };
  // The time in the last row excludes the last evaluation, so the checkpoint's is preferred.
  summary.seconds = progress("seconds", log.seconds());
  const double seconds = progress("step_seconds", 0);  // absent in files of earlier versions
  summary.images_per_second =
      seconds > 0 ? progress("step_images", 0) / seconds : log.images_per_second(batch);
  return summary;
}

}  // namespace

RunSummary summary_of_complete(const std::optional<EarlierRun>& run, const Config& config, int ranks) {
  RunSummary summary = run ? summary_of(*run, config.training.batch) : RunSummary();
  summary.was_complete = true;
  summary.ranks = ranks;
  summary.status = RunStatus::complete;
  summary.iterations = config.training.iterations;
  return summary;
}

}  // namespace revnet
