#include "run/run_journal.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "layers/layer_list.h"
#include "record/checksums.h"
#include "record/event_file.h"
#include "run/earlier_run.h"
#include "run/resumption.h"
#include "system/file_error.h"
#include "system/host.h"
#include "system/posix_file.h"
#include "train/load_data.h"

namespace revnet {
namespace {

constexpr double seconds_between_saves = 5.0;

// The figure of exact coupling in run.h5 that counts functions.
constexpr const char* beyond_range_name = "beyond_range";

struct Best {
  double error_percent = 0;
  std::int64_t images = 0;  // evaluation.images with which it was found
};

std::optional<Best> read_best(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return {};
  try {
    const Checkpoint best = read_checkpoint(file);
    const std::optional<double> error = progress_of(best, file.string()).evaluation_error_percent;
    if (!error) throw Error("it is missing");
    return Best{*error, settings_of_checkpoint(best, file.string()).evaluation.images};
  } catch (const Error& error) {
    throw Error("{}: its evaluation error cannot be read ({}); remove the file to continue without it",
                file.string(), error.what());
  }
}

// The name of the evaluation set in messages.
std::string evaluation_set(const Config& config) {
  return config.dataset.validation ? "validation" : "test";
}

double unix_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

RunJournal::RunJournal(const Config& config, RunDirectory directory, const RunInfo& info)
    : config_(config),
      directory_(std::move(directory)),
      reporter_(directory_.files().messages()),
      log_(RunLog::create(directory_.files().run_log(), info)),
      slowdown_(config.training.threads, has_photographs(config) ? loader_workers(config) : 0) {}

void RunJournal::resume(Trainer& trainer) {
  std::optional<EarlierRun> earlier = read_earlier_run(config_, directory_.files());
  if (!earlier) {
    reporter_.info(fmt::format("nothing to resume in {}: starting from the first iteration",
                               directory_.files().directory().string()));
    return;
  }
  const Checkpoint& checkpoint = earlier->checkpoint;
  const std::string& file = earlier->checkpoint_file;
  if (!checkpoint.has_checksums) reporter_.note(file + " has no checksums, so damage may go unnoticed");
  progress_ = progress_of(checkpoint, file);
  trainer.restore(checkpoint, file);
  const RunInfo now = log_.info();
  log_ = std::move(earlier->log);
  const Resumption resumption(log_.info(), now, trainer.iteration());
  for (const std::string& warning : resumption.warnings()) reporter_.warn(warning);
  if (!resumption.extension().empty()) reporter_.info(resumption.extension());
  left_out_before_ = resumption.images_left_out();
  log_.set_info(resumption.info());
  log_.truncate_after(trainer.iteration());
  if (progress_.beyond_range) {
    std::map<std::string, double> figures = log_.exact_coupling();
    figures[beyond_range_name] = *progress_.beyond_range;
    log_.set_exact_coupling(std::move(figures));
  }
  if (config_.checkpoint.keep_best) resume_best();
  reporter_.info(fmt::format("resuming after iteration {}", trainer.iteration()));
}

void RunJournal::resume_best() {
  const std::string file = directory_.files().best_checkpoint().string();
  const std::optional<Best> best = read_best(file);
  if (!best) return;
  if (best->images == config_.evaluation.images) {
    best_error_ = best->error_percent;
    return;
  }
  reporter_.warn(fmt::format(
      "{} was the best with evaluation.images {}, which is {} now, so that errors do not compare: the next "
      "evaluation replaces it; copy it to keep it",
      file, best->images, config_.evaluation.images));
}

void RunJournal::begin(std::int64_t iteration) {
  replace_text_file(directory_.files().config(), with_checksum(to_yaml(config_)));
  const std::vector<MetricsRow> rows = metrics_rows(log_, evaluation_set(config_));
  row_files_.push_back(make_metrics_csv(directory_.files().metrics(), rows));
  if (config_.log.tensorboard) {
    directory_.make_tensorboard();
    row_files_.push_back(make_event_file(directory_.files().events(), unix_time() - progress_.seconds, rows));
  }
  reporter_.start(iteration, config_.training.iterations, config_.training.batch);
  clock_.restart();
}

void RunJournal::stepped(const Trainer& trainer, const Loss& loss, double rate, double seconds) {
  progress_.window += loss;
  progress_.step_seconds += seconds;
  progress_.step_images += static_cast<double>(loss.images);
  const bool last = trainer.iteration() == config_.training.iterations;
  reporter_.progress(trainer.iteration(), progress_.window, last);
  watch_range(trainer);
  if (trainer.iteration() % config_.log.every == 0 || last) log_row(trainer, rate);
}

void RunJournal::watch_range(const Trainer& trainer) {
  if (config_.network.coupling != Config::Network::Coupling::exact) return;
  const Grid grid{config_.network.grid_bits};
  std::map<std::string, double> figures = log_.exact_coupling();
  figures["grid_bits"] = grid.bits;
  figures["range"] = grid.range();
  double& beyond = figures[beyond_range_name];
  for (const auto& [function, largest] : trainer.range().largest()) {
    for (const std::string& name : {std::string("largest"), "largest_" + stage_of(function)}) {
      figures[name] = std::max(figures[name], static_cast<double>(largest));
    }
    if (largest <= grid.range()) continue;
    ++beyond;
    if (warned_of_range_) continue;
    warned_of_range_ = true;
    reporter_.warn(fmt::format(
        "iteration {}: {} writes up to {:.0f}, but coupling is exact only up to {:.0f}; use fewer "
        "network.grid_bits",
        trainer.iteration(), function, largest, grid.range()));
  }
  log_.set_exact_coupling(std::move(figures));
}

void RunJournal::log_row(const Trainer& trainer, double rate) {
  const TrainRow row{trainer.iteration(), progress_.window.mean_cross_entropy(),
                     progress_.window.error_percent(), rate, seconds()};
  log_.append(row);
  show(metrics_row(row));
  progress_.window = {};
  if (const std::optional<std::string> warning = slowdown_.look()) reporter_.warn(*warning);
  if (since_log_saved_.seconds() >= seconds_between_saves) save_log(trainer, RunStatus::running);
}

// The log has these rows, too, so a run does not end because a file for onlookers cannot be written.
void RunJournal::show(const MetricsRow& row) {
  std::erase_if(row_files_, [&](RowFile& file) {
    try {
      file.append(row);
      return false;
    } catch (const FileError& error) {
      reporter_.warn(fmt::format("{}; the run goes on without this file", error.what()));
      return true;
    }
  });
}

void RunJournal::warn_of_young_averages(const Trainer& trainer) {
  if (config_.batch_norm.evaluation == Config::BatchNorm::Evaluation::recalibrated) return;
  if (!config_.training.initialize_from.empty()) return;  // the checkpoint's averages saw earlier iterations
  const std::int64_t memory = std::llround(1 / (1 - trainer.running_decay()));
  if (trainer.iteration() >= memory || warned_of_young_averages_) return;
  warned_of_young_averages_ = true;
  reporter_.warn(
      fmt::format("batch normalization's running averages span about {} iterations but have seen only {}, so "
                  "this evaluation means little; --set batch_norm.evaluation=recalibrated remeasures them",
                  memory, trainer.iteration()));
}

void RunJournal::evaluated(const Trainer& trainer, const Loss& loss) {
  const EvalRow row{trainer.iteration(), loss.mean_cross_entropy(), loss.error_percent()};
  const std::string set = evaluation_set(config_);
  log_.append(row);
  show(metrics_row(row, set));
  const std::string images =
      config_.evaluation.images > 0 ? fmt::format(" of {} images", format_grouped(loss.images)) : "";
  reporter_.info(fmt::format("iteration {}: {} error {:.2f} %{}, cross entropy {:.4f}", row.iteration, set,
                             row.error_percent, images, row.cross_entropy));
  warn_of_young_averages(trainer);
}

void RunJournal::evaluated_average(const Trainer& trainer, const Loss& loss) {
  const EvalRow row{trainer.iteration(), loss.mean_cross_entropy(), loss.error_percent()};
  const std::string set = evaluation_set(config_);
  log_.append_average(row);
  show(average_metrics_row(row, set));
  reporter_.info(fmt::format("iteration {}: {} error {:.2f} %, cross entropy {:.4f} with averaged weights",
                             row.iteration, set, row.error_percent, row.cross_entropy));
}

void RunJournal::left_out(const std::set<std::string>& lines) {
  const std::size_t before = left_out_.size();
  for (const std::string& line : lines) {
    if (!left_out_.insert(line).second) continue;
    reporter_.warn("left out: " + line);
  }
  if (left_out_.size() == before) return;
  reporter_.warn(fmt::format("left out so far: {} damaged image{}", images_left_out(),
                             images_left_out() == 1 ? "" : "s"));
  RunInfo info = log_.info();
  info.extra[images_left_out_name] = fmt::format("{}", images_left_out());
  log_.set_info(std::move(info));
}

// Saves the log before the checkpoint, so that a checkpoint is never ahead of the log.
void RunJournal::save(const Trainer& trainer, Checkpoint checkpoint, bool keep) {
  save_log(trainer, RunStatus::running);
  checkpoint = whole(std::move(checkpoint));
  if (keep) {
    directory_.make_kept_checkpoints();
    write_checkpoint(directory_.files().kept_checkpoint(checkpoint.iteration), checkpoint);
  }
  write_checkpoint(directory_.files().checkpoint(), checkpoint);
}

Checkpoint RunJournal::whole(Checkpoint checkpoint, std::optional<double> error_percent) const {
  RunProgress progress = progress_;
  progress.seconds = seconds();
  // run.h5 is saved more often than checkpoints are, so the steps that a resumed run repeats are in it
  // already.
  const auto beyond = log_.exact_coupling().find(beyond_range_name);
  if (beyond != log_.exact_coupling().end()) progress.beyond_range = beyond->second;
  progress.evaluation_error_percent = error_percent;
  checkpoint.config = to_yaml(config_);
  checkpoint.progress = to_entries(progress);
  return checkpoint;
}

void RunJournal::save_best(Checkpoint checkpoint, const Loss& loss) {
  best_error_ = loss.error_percent();
  write_checkpoint(directory_.files().best_checkpoint(), whole(std::move(checkpoint), best_error_));
}

void RunJournal::end(const Trainer& trainer, RunStatus status) {
  save_log(trainer, status);
  reporter_.note(fmt::format("{} after {} of {} iterations in {}, {:.0f} images/s, {} resident at most",
                             name(status), trainer.iteration(), config_.training.iterations,
                             format_duration(seconds()), mean_images_per_second(),
                             format_bytes(static_cast<std::uint64_t>(log_.bytes_of("resident")))));
}

void RunJournal::save_log(const Trainer& trainer, RunStatus status) {
  std::map<std::string, std::int64_t> bytes;
  const MemoryLedger& ledger = trainer.device().ledger();
  for (std::size_t i = 0; i < memory_purposes; ++i) {
    const auto purpose = static_cast<MemoryPurpose>(i);
    bytes[std::string(name(purpose))] = static_cast<std::int64_t>(ledger.peak(purpose));
  }
  bytes["peak"] = static_cast<std::int64_t>(ledger.peak());
  bytes["resident"] = std::max(log_.bytes_of("resident"), static_cast<std::int64_t>(peak_resident_bytes()));
  log_.set_bytes(std::move(bytes));
  log_.set_time({{"run_seconds", seconds()},
                 {"step_seconds", progress_.step_seconds},
                 {"step_images", progress_.step_images}});
  if (const GradientExchange* exchange = trainer.exchange()) {
    const ExchangeTimes& times = exchange->times();
    log_.set_all_reduce({{"bytes", static_cast<double>(exchange->bytes())},
                         {"bucket_bytes", static_cast<double>(GradientExchange::bucket_bytes())},
                         {"steps", static_cast<double>(times.steps)},
                         {"seconds_alone", times.alone},
                         {"seconds_in_flight", times.in_flight},
                         {"seconds_waiting", times.waiting},
                         {"seconds_exposed", times.exposed},
                         {"seconds_working", times.working},
                         {"hidden_share", times.hidden()}});
  }
  log_.set_status(status);
  log_.save();
  since_log_saved_.restart();
}

}  // namespace revnet
