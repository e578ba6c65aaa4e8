#include "run/training_run.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "base/error.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "base/version.h"
#include "ranks/rank_placement.h"
#include "run/initialization.h"
#include "run/resumption.h"
#include "run/run_journal.h"
#include "system/host.h"
#include "system/interrupt.h"
#include "tensor/out_of_memory.h"
#include "train/agreement.h"
#include "train/divergence.h"
#include "train/load_data.h"
#include "train/memory_check.h"
#include "train/recipe.h"
#include "train/setup.h"
#include "train/trainer.h"

namespace revnet {
namespace {

RunInfo run_info(const Config& config, const BatchSource& data, const std::string& command, int ranks) {
  RunInfo info;
  info.command = command;
  info.version = version();
  info.host = host_name();
  info.cpu = cpu_name();
  info.onednn_version = onednn_version();
  info.threads = config.training.threads;
  info.seed = config.training.seed;
  info.learning_rate = config.training.learning_rate;
  info.momentum = config.training.momentum;
  info.batch = config.training.batch;
  info.config = to_yaml(config);
  info.extra = {{"dataset", name(config.dataset.name)},
                {"architecture", network_name(config.network)},
                {"activations", name(config.network.activations)},
                {"convolution", name(config.network.convolution)},
                {"engine", name(config.network.engine)},
                {"coupling", name(config.network.coupling)},
                {"batch_norm", name(config.batch_norm.statistics)},
                {"ranks", fmt::to_string(ranks)},
                {"instruction_set", onednn_instruction_set()},
                {"onednn_winograd", onednn_winograd()},
                {started, utc_time()}};
  if (config.training.micro_batch > 0)
    info.extra["micro_batch"] = fmt::to_string(config.training.micro_batch);
  if (!revision().empty()) info.extra["revision"] = revision();
  const std::string fingerprint = data.fingerprint();
  if (!fingerprint.empty()) info.extra[dataset_fingerprint] = fingerprint;
  return info;
}

// Describes, for run.log, everything beside the settings that the bits of a run depend on.
std::string describe_machine() {
  return fmt::format("revnet {}, oneDNN {} with {} (Winograd {}) on {}, {}", version(), onednn_version(),
                     onednn_instruction_set(), onednn_winograd(), host_name(), cpu_name());
}

// The settings that must be equal on all ranks.
std::string settings_of_all_ranks(Config config) {
  config.training.threads = 0;
  config.dataset.directory.clear();
  return to_yaml(config);
}

// A running training on one of its ranks.
class Session {
 public:
  Session(const Config& config, std::unique_ptr<BatchSource> data, const MemoryPlan& plan,
          const TrainingHooks& hooks, Communicator& communicator);

  // Throws AgreedError if a rank has other settings or images than rank 0.
  void check_equal_start();
  // Takes the weights of another run's checkpoint. Only rank 0 calls it; begin() broadcasts its state.
  void initialize(const std::filesystem::path& checkpoint);
  void record_in(std::unique_ptr<RunJournal> journal);
  // Restores the state of an earlier process from its last checkpoint, if there is one.
  void resume();
  RunSummary run();

 private:
  void begin();
  void train();
  void finish();
  void evaluate();
  // Returns the evaluation by which checkpoints are compared; nothing if it was stopped.
  std::optional<Loss> evaluate_to_compare(const Loss& loss);
  // Makes all ranks agree when to stop and save: a signal may reach only one, and only rank 0 has a clock.
  void agree();
  enum class Keep { as_configured, no };
  void save_checkpoint(Keep keep = Keep::as_configured);
  void report_left_out();
  // Adds to the text log why the run has ended early, and the command that resumes it.
  void say_how_to_continue(const char* what);
  RunSummary summary() const;

  Config config_;
  TrainingHooks hooks_;
  Communicator& communicator_;
  std::unique_ptr<RunJournal> journal_;  // null on all ranks but 0
  std::string initialization_;           // a line for the text log
  Trainer trainer_;
  RunStatus status_ = RunStatus::running;
  bool stopped_ = false;                // a signal has reached some rank
  bool late_ = false;                   // the last checkpoint is older than checkpoint.seconds
  std::int64_t evaluated_ = -1;         // the iteration of the last evaluation
  std::int64_t evaluation_images_ = 0;  // in this process's last evaluation
  std::int64_t saved_ = -1;             // the iteration of the last checkpoint
  Stopwatch since_saved_;
};

Session::Session(const Config& config, std::unique_ptr<BatchSource> data, const MemoryPlan& plan,
                 const TrainingHooks& hooks, Communicator& communicator)
    : config_(config),
      hooks_(hooks),
      communicator_(communicator),
      trainer_(config, std::move(data), plan.arena_bytes, communicator) {}

void Session::check_equal_start() {
  revnet::check_equal_start(communicator_, trainer_.device(),
                            settings_of_all_ranks(config_) + trainer_.data().fingerprint());
}

void Session::initialize(const std::filesystem::path& checkpoint) {
  const std::string file = checkpoint.string();
  Initialization start = initialize_from(trainer_.checkpoint(), read_checkpoint(checkpoint), file);
  trainer_.restore(start.state, file);
  initialization_ = std::move(start.text);
}

void Session::record_in(std::unique_ptr<RunJournal> journal) {
  journal_ = std::move(journal);
}

void Session::resume() {
  journal_->resume(trainer_);
  const std::vector<EvalRow>& rows = journal_->log().eval();
  if (!rows.empty()) evaluated_ = rows.back().iteration;
}

RunSummary Session::run() {
  try {
    begin();
    train();
    finish();
  } catch (const DivergedError& error) {
    if (journal_) {
      journal_->reporter().record(error.what());
      journal_->end(trainer_, RunStatus::diverged);
    }
    throw;
  } catch (const Error& error) {
    if (journal_) journal_->reporter().record(error.what());
    // The training itself is sound, and can resume once the image is repaired or may be left out.
    if (error.exit_code() == ExitCode::damaged_image) {
      save_checkpoint(Keep::no);
      if (journal_) journal_->end(trainer_, RunStatus::interrupted);
      say_how_to_continue("stopped by a damaged image");
    }
    throw;
  }
  return summary();
}

void Session::say_how_to_continue(const char* what) {
  if (!journal_) return;
  const int ranks = communicator_.ranks();
  journal_->reporter().info(fmt::format(
      "{} after iteration {}; a checkpoint is saved, continue{} with: {}", what, trainer_.iteration(),
      ranks > 1 ? fmt::format(" on {} ranks", ranks) : "", resuming(journal_->log().info().command)));
}

void Session::begin() {
  communicator_.set_timeout(config_.training.rank_timeout);
  const PlacementReport placement =
      describe_placement(gather_placement(communicator_, config_.training.threads));
  if (journal_) {
    journal_->reporter().note(describe_machine());
    for (const std::string& line : placement.lines) journal_->reporter().info(line);
    for (const std::string& warning : placement.warnings) journal_->reporter().warn(warning);
    for (const std::string& warning : doubtful_settings(config_)) journal_->reporter().warn(warning);
    if (!initialization_.empty() && trainer_.iteration() == 0) journal_->reporter().info(initialization_);
  }
  trainer_.broadcast_state();
  evaluated_ = static_cast<std::int64_t>(communicator_.of_first(static_cast<double>(evaluated_)));
  if (GradientExchange* exchange = trainer_.exchange()) exchange->measure_alone();
  if (journal_) journal_->begin(trainer_.iteration());
  report_left_out();
  if (trainer_.iteration() == 0) save_checkpoint();
}

void Session::train() {
  const auto due = [&](std::int64_t every) { return every > 0 && trainer_.iteration() % every == 0; };
  // A signal or a damaged image may have ended the run in the evaluation after its last step.
  const bool evaluation_missing = trainer_.iteration() > 0 && evaluated_ != trainer_.iteration();
  if (evaluation_missing && due(config_.evaluation.every)) evaluate();
  while (trainer_.iteration() < config_.training.iterations && !stopped_) {
    agree();
    if (stopped_) return;
    if (late_) save_checkpoint(Keep::no);
    if (hooks_.before_step) hooks_.before_step(trainer_);
    const double rate = trainer_.learning_rate();
    const Stopwatch step;
    const Loss loss = trainer_.step();
    if (journal_) journal_->stepped(trainer_, loss, rate, step.seconds());
    if (due(config_.checkpoint.every)) save_checkpoint();
    if (due(config_.evaluation.every)) evaluate();
  }
}

void Session::finish() {
  if (!stopped_ && hooks_.after_training) hooks_.after_training(trainer_);
  if (!stopped_ && evaluated_ != trainer_.iteration()) evaluate();
  save_checkpoint(stopped_ ? Keep::no : Keep::as_configured);
  status_ = stopped_ ? RunStatus::interrupted : RunStatus::complete;
  if (journal_) journal_->end(trainer_, status_);
  if (stopped_) say_how_to_continue("interrupted");
}

void Session::agree() {
  const double limit = config_.checkpoint.seconds;
  std::array<double, 2> votes{interrupted() ? 1.0 : 0.0,
                              journal_ && limit > 0 && since_saved_.seconds() >= limit ? 1.0 : 0.0};
  communicator_.sum(votes);
  stopped_ = votes[0] > 0;
  late_ = votes[1] > 0;
}

// The last evaluation uses all images, but the best checkpoint is chosen by errors on evaluation.images of
// them, so the last state is evaluated on these as well.
std::optional<Loss> Session::evaluate_to_compare(const Loss& loss) {
  const std::int64_t images = config_.evaluation.images;
  return images == 0 || loss.images <= images ? loss : trainer_.evaluate(interrupted, images);
}

// Saves a checkpoint first, because an evaluation may take minutes, and a crash would lose the steps before.
void Session::evaluate() {
  if (saved_ != trainer_.iteration()) save_checkpoint(Keep::no);
  const bool last = trainer_.iteration() == config_.training.iterations;
  const std::int64_t images = last ? 0 : config_.evaluation.images;
  const std::optional<Loss> whole = trainer_.evaluate(interrupted, images);
  std::optional<Loss> average;
  if (whole && trainer_.averages_weights()) average = trainer_.evaluate_average(interrupted, images);
  std::optional<Loss> compared;
  if (whole && config_.checkpoint.keep_best) compared = evaluate_to_compare(*whole);
  stopped_ =
      !whole || (trainer_.averages_weights() && !average) || (config_.checkpoint.keep_best && !compared);
  if (stopped_) return;
  const Loss& loss = *whole;
  if (!std::isfinite(loss.cross_entropy) || (average && !std::isfinite(average->cross_entropy))) {
    throw DivergedError("diverged: the evaluation after iteration {} is not finite; {}", trainer_.iteration(),
                        divergence_remedy);
  }
  evaluated_ = trainer_.iteration();
  evaluation_images_ = loss.images;
  if (!journal_) return;
  if (compared && journal_->is_best(*compared)) journal_->save_best(trainer_.checkpoint(), *compared);
  journal_->evaluated(trainer_, loss);
  if (average) journal_->evaluated_average(trainer_, *average);
}

// Collects the notices of all ranks, since each rank knows only of the damaged images that it read.
void Session::report_left_out() {
  if (!trainer_.data().may_be_damaged()) return;
  std::set<std::string> lines;
  for (const std::string& text : communicator_.gather(join(trainer_.data().take_notices(), "\n"))) {
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.insert(line);
  }
  if (journal_) journal_->left_out(lines);
}

// Refuses to replace the last checkpoint by a state that is not finite or not the same on all ranks.
void Session::save_checkpoint(Keep keep) {
  report_left_out();
  trainer_.check_equal();
  Checkpoint checkpoint = trainer_.checkpoint();
  if (const std::string array = first_not_finite(checkpoint); !array.empty()) {
    throw DivergedError("diverged: {} is not finite after iteration {}; {}", array, checkpoint.iteration,
                        divergence_remedy);
  }
  saved_ = checkpoint.iteration;
  since_saved_.restart();
  if (journal_) {
    journal_->save(trainer_, std::move(checkpoint), config_.checkpoint.keep && keep == Keep::as_configured);
  }
}

RunSummary Session::summary() const {
  RunSummary summary;
  summary.status = status_;
  summary.iterations = trainer_.iteration();
  summary.images = evaluation_images_;
  summary.peak_resident_bytes = peak_resident_bytes();
  summary.ranks = communicator_.ranks();
  if (const GradientExchange* exchange = trainer_.exchange()) summary.exchange = exchange->times();
  if (!journal_) return summary;
  add_rows(summary, journal_->log());
  summary.seconds = journal_->seconds();
  summary.images_per_second = journal_->mean_images_per_second();
  summary.images_left_out = journal_->images_left_out();
  return summary;
}

RunSummary run_session(const Config& config, const std::filesystem::path& directory, RunStart start,
                       const std::string& command, const TrainingHooks& hooks, Communicator& communicator) {
  const std::vector<std::string> hosts = communicator.gather(host_name());
  const Ranks ranks{communicator.ranks(), static_cast<int>(std::ranges::count(hosts, host_name()))};
  std::optional<EarlierRun> before;
  communicator.together([&] {
    if (!communicator.is_first()) return;
    before = check_start(config, directory, start);
    // Before data are loaded, which may take minutes.
    if (start != RunStart::resume) RunDirectory::check(directory, start);
  });
  if (communicator.of_first(before && is_complete(*before, config) ? 1 : 0) > 0) {
    return summary_of_complete(before, config);
  }
  const bool goes_on = before.has_value();
  before.reset();
  // Everything that can fail comes before the directory is created or changed.
  RunInfo info;
  std::optional<Session> session;
  communicator.together([&] {
    check_can_learn(config, communicator.ranks());
    const MemoryPlan plan = plan_memory(architecture(config), network_options(config, communicator),
                                        config.training.threads, hooks.modes);
    std::unique_ptr<BatchSource> data = load_data(config);
    check_memory(config, plan, hooks.modes, tightest_memory_limit(memory_limits(), ranks.here), ranks);
    info = run_info(config, *data, command, communicator.ranks());
    session.emplace(config, std::move(data), plan, hooks, communicator);
    const std::string& initial = config.training.initialize_from;
    if (communicator.is_first() && !initial.empty() && !goes_on) session->initialize(initial);
  });
  session->check_equal_start();
  communicator.together([&] {
    if (!communicator.is_first()) return;
    session->record_in(std::make_unique<RunJournal>(config, RunDirectory::take(directory, start), info));
    if (start == RunStart::resume) session->resume();
  });
  return session->run();
}

}  // namespace

std::optional<EarlierRun> check_start(const Config& config, const std::filesystem::path& directory,
                                      RunStart start) {
  std::optional<EarlierRun> before;
  if (start == RunStart::resume) before = find_earlier_run(config, directory);
  if (!before && !config.training.initialize_from.empty()) check_initialization(config);
  return before;
}

RunSummary run_training(const Config& config, const std::filesystem::path& directory, RunStart start,
                        const std::string& command, const TrainingHooks& hooks, Communicator& communicator) {
  try {
    return run_session(config, directory, start, command, hooks, communicator);
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) throw std::bad_alloc();
    throw;
  }
}

}  // namespace revnet
