#include "train/training_run.h"

#include <array>
#include <cmath>

#include "base/error.h"
#include "base/host.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "tensor/instruction_set.h"
#include "train/divergence.h"
#include "train/interrupt.h"
#include "train/memory_check.h"
#include "train/reporter.h"
#include "train/setup.h"
#include "train/trainer.h"

namespace revnet {
namespace {

constexpr double seconds_between_saves = 5.0;

RunInfo run_info(const Config& config, const std::string& command) {
  RunInfo info;
  info.command = command;
  info.version = version();
  info.host = host_name();
  info.cpu = cpu_name();
  info.onednn_version = onednn_version();
  info.threads = config.training.threads;
  info.seed = config.training.seed;
  info.config = to_yaml(config);
  info.extra = {{"dataset", config.dataset.name},
                {"architecture", config.network.architecture},
                {"activations", config.network.activations},
                {"convolution", config.network.convolution},
                {"engine", config.network.engine},
                {"instruction_set", onednn_instruction_set()}};
  return info;
}

// One run under way.
class Session {
 public:
  Session(const Config& config, RunDirectory directory, const std::string& command, Splits splits,
          const MemoryPlan& plan, const TrainingHooks& hooks);

  // The state of an earlier process, if it came as far as a checkpoint.
  void resume();
  RunSummary run();

 private:
  void train();
  void finish();
  void log_row();
  void evaluate();
  void save_checkpoint();
  void save_log(RunStatus status, bool durable);
  double seconds() const { return seconds_before_ + clock_.seconds(); }
  RunSummary summary() const;

  Config config_;
  TrainingHooks hooks_;
  RunDirectory directory_;
  Reporter reporter_;
  MemoryPlan plan_;
  Trainer trainer_;
  RunLog log_;
  Loss window_;  // since the last row of /train
  double learning_rate_ = 0;
  double seconds_before_ = 0;    // of earlier processes
  double training_seconds_ = 0;  // of this one, in training steps
  std::int64_t first_iteration_ = 0;
  Stopwatch clock_, since_save_;
};

Session::Session(const Config& config, RunDirectory directory, const std::string& command, Splits splits,
                 const MemoryPlan& plan, const TrainingHooks& hooks)
    : config_(config),
      hooks_(hooks),
      directory_(std::move(directory)),
      reporter_(directory_.files().text_log()),
      plan_(plan),
      trainer_(config, std::move(splits), plan.arena_bytes),
      log_(RunLog::create(directory_.files().run_log(), run_info(config, command))) {}

void Session::resume() {
  if (!directory_.has_checkpoint()) {
    reporter_.info("no checkpoint yet: starting from the first iteration");
    return;
  }
  const std::string file = directory_.files().checkpoint().string();
  const Checkpoint checkpoint = read_checkpoint(file);
  Config before;
  read_config_text(before, checkpoint.config, file);
  check_same_run(config_, before, file);
  const auto progress = [&](const char* key) {
    const auto found = checkpoint.progress.find(key);
    if (found == checkpoint.progress.end()) throw Error(file + ": /progress/" + key + " is missing");
    return found->second;
  };
  window_.cross_entropy = progress("window_cross_entropy");
  window_.errors = static_cast<std::int64_t>(progress("window_errors"));
  window_.images = static_cast<std::int64_t>(progress("window_images"));
  seconds_before_ = progress("seconds");
  trainer_.restore(checkpoint, file);
  const RunInfo now = log_.info();
  log_ = RunLog::open(directory_.files().run_log());
  const Resumption resumption(log_.info(), now, trainer_.iteration());
  for (const std::string& warning : resumption.warnings()) reporter_.warn(warning);
  log_.set_info(resumption.info());
  log_.truncate_after(trainer_.iteration());
  reporter_.info("resuming after iteration " + std::to_string(trainer_.iteration()));
}

RunSummary Session::run() {
  try {
    write_text_file_atomically(directory_.files().config(), to_yaml(config_));
    first_iteration_ = trainer_.iteration();
    reporter_.start(first_iteration_, config_.training.iterations, config_.training.batch);
    clock_.restart();
    if (first_iteration_ == 0) save_checkpoint();
    train();
    finish();
  } catch (const DivergedError& error) {
    reporter_.record(error.what());
    save_log(RunStatus::diverged, true);
    throw;
  } catch (const Error& error) {
    reporter_.record(error.what());
    throw;
  }
  return summary();
}

void Session::finish() {
  if (interrupted() && trainer_.iteration() < config_.training.iterations) {
    save_checkpoint();
    save_log(RunStatus::interrupted, true);
    reporter_.info("interrupted after iteration " + std::to_string(trainer_.iteration()) +
                   "; a checkpoint is saved, go on with --resume");
    return;
  }
  if (log_.eval().empty() || log_.eval().back().iteration != trainer_.iteration()) evaluate();
  save_checkpoint();
  save_log(RunStatus::complete, true);
}

void Session::train() {
  const auto due = [&](std::int64_t every) { return every > 0 && trainer_.iteration() % every == 0; };
  while (trainer_.iteration() < config_.training.iterations && !interrupted()) {
    if (hooks_.before_step) hooks_.before_step(trainer_);
    learning_rate_ = trainer_.learning_rate();
    const Stopwatch step;
    window_ += trainer_.step();
    training_seconds_ += step.seconds();
    const bool last = trainer_.iteration() == config_.training.iterations;
    reporter_.progress(trainer_.iteration(), window_, last);
    if (due(config_.log.every) || last) log_row();
    if (due(config_.evaluation.every)) evaluate();
    if (due(config_.checkpoint.every)) save_checkpoint();
  }
}

void Session::log_row() {
  log_.append(TrainRow{trainer_.iteration(), window_.mean_cross_entropy(), window_.error_percent(),
                       learning_rate_, seconds()});
  window_ = {};
  if (since_save_.seconds() >= seconds_between_saves) save_log(RunStatus::running, false);
}

void Session::evaluate() {
  const Loss loss = trainer_.evaluate();
  if (!std::isfinite(loss.cross_entropy)) {
    throw DivergedError("diverged: the evaluation after iteration " + std::to_string(trainer_.iteration()) +
                        " is not finite; use a smaller learning rate (training.learning_rate)");
  }
  log_.append(EvalRow{trainer_.iteration(), loss.mean_cross_entropy(), loss.error_percent()});
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(), "iteration %lld: %s error %.2f %%, cross entropy %.4f",
                static_cast<long long>(trainer_.iteration()),
                config_.dataset.validation ? "validation" : "test", loss.error_percent(),
                loss.mean_cross_entropy());
  reporter_.info(text.data());
}

// The log first: a checkpoint never stands for rows that are not in the log. A state that is not finite does
// not replace one that is.
void Session::save_checkpoint() {
  Checkpoint checkpoint = trainer_.checkpoint();
  if (const std::string array = first_not_finite(checkpoint); !array.empty()) {
    throw DivergedError("diverged: " + array + " is not finite after iteration " +
                        std::to_string(checkpoint.iteration) +
                        "; use a smaller learning rate (training.learning_rate)");
  }
  save_log(RunStatus::running, true);
  checkpoint.config = to_yaml(config_);
  checkpoint.progress = {{"window_cross_entropy", window_.cross_entropy},
                         {"window_errors", static_cast<double>(window_.errors)},
                         {"window_images", static_cast<double>(window_.images)},
                         {"seconds", seconds()}};
  if (config_.checkpoint.keep) {
    directory_.make_kept_checkpoints();
    write_checkpoint(directory_.files().kept_checkpoint(checkpoint.iteration), checkpoint);
  }
  write_checkpoint(directory_.files().checkpoint(), checkpoint);
}

void Session::save_log(RunStatus status, bool durable) {
  std::map<std::string, std::int64_t> bytes;
  const MemoryLedger& ledger = trainer_.device().ledger();
  for (std::size_t i = 0; i < memory_purposes; ++i) {
    const auto purpose = static_cast<MemoryPurpose>(i);
    bytes[std::string(name(purpose))] = static_cast<std::int64_t>(ledger.peak(purpose));
  }
  bytes["peak"] = static_cast<std::int64_t>(ledger.peak());
  log_.set_bytes(std::move(bytes));
  log_.set_status(status);
  log_.save(durable);
  since_save_.restart();
}

RunSummary Session::summary() const {
  RunSummary summary;
  summary.status = log_.status();
  summary.iterations = trainer_.iteration();
  summary.images = static_cast<std::int64_t>(trainer_.splits().test.size());
  if (!log_.eval().empty()) summary.evaluation = log_.eval().back();
  if (!log_.train().empty()) summary.training = log_.train().back();
  summary.seconds = seconds();
  const std::int64_t images = (trainer_.iteration() - first_iteration_) * config_.training.batch;
  if (images > 0) summary.images_per_second = static_cast<double>(images) / training_seconds_;
  summary.plan = plan_;
  summary.peak_resident_bytes = peak_resident_bytes();
  return summary;
}

}  // namespace

Config settings_of_run(const std::filesystem::path& directory) {
  const RunFiles files(directory);
  if (!std::filesystem::exists(files.config())) {
    throw UsageError(directory.string() + " holds no run to resume: " + files.config().string() +
                     " is missing");
  }
  Config config;
  config.network.engine = name(Engine::onednn);  // of runs from before there was a choice
  read_config_file(config, files.config());
  return config;
}

RunSummary run_training(const Config& config, const std::filesystem::path& directory, RunStart start,
                        const std::string& command, const TrainingHooks& hooks) {
  // Everything that can be refused is, before the directory is made or touched.
  const MemoryPlan plan = plan_memory(find_architecture(config.network.architecture), network_options(config),
                                      config.training.threads, hooks.modes);
  Splits splits = load_splits(config);
  check_memory(config, plan, hooks.modes, tightest_memory_limit(memory_limits()));
  RunDirectory taken = start == RunStart::resume
                           ? RunDirectory::open(directory)
                           : RunDirectory::create(directory, start == RunStart::overwrite);
  Session session(config, std::move(taken), command, std::move(splits), plan, hooks);
  if (start == RunStart::resume) session.resume();
  return session.run();
}

}  // namespace revnet
