#include "study/training_comparison.h"

#include <utility>

#include "record/run_directory.h"
#include "study/gradient_angle.h"
#include "study/study_log.h"
#include "system/interrupt.h"
#include "system/posix_file.h"
#include "train/setup.h"

namespace revnet {
namespace {

constexpr std::array modes{Config::Network::Activations::stored, Config::Network::Activations::reconstructed};
constexpr const char* file_name = "training.h5";

// The rows of a log since the last iteration at which its twin has a row, too.
class Rows {
 public:
  // A row of /train is the mean over the iterations since the row before.
  void add(const TrainRow& row) {
    const auto iterations = static_cast<double>(row.iteration - iteration_);
    iterations_ += iterations;
    cross_entropy_ += (row.cross_entropy - cross_entropy_) * (iterations / iterations_);
    error_percent_ += (row.error_percent - error_percent_) * (iterations / iterations_);
    iteration_ = row.iteration;
  }
  // A row of /eval stands for itself.
  void add(const EvalRow& row) {
    cross_entropy_ = row.cross_entropy;
    error_percent_ = row.error_percent;
  }
  // Forgets the rows so far, which the next ones follow.
  void begin() { iterations_ = cross_entropy_ = error_percent_ = 0; }

  double cross_entropy() const { return cross_entropy_; }
  double error_percent() const { return error_percent_; }

 private:
  std::int64_t iteration_ = 0;  // of the last row
  double iterations_ = 0, cross_entropy_ = 0, error_percent_ = 0;
};

// Puts rows side by side that end at the same iteration. A run may have other rows than its twin: it may be
// behind, or have been resumed with another log.every, so that several rows of one cover one of the other.
template <class Row>
Series side_by_side(const std::vector<Row>& stored, const std::vector<Row>& reconstructed) {
  Series series;
  Rows a, b;
  auto other = reconstructed.begin();
  for (const Row& row : stored) {
    a.add(row);
    while (other != reconstructed.end() && other->iteration < row.iteration) b.add(*other++);
    if (other == reconstructed.end()) break;
    if (other->iteration != row.iteration) continue;
    b.add(*other++);
    series.append(row.iteration, {{"stored/cross_entropy", a.cross_entropy()},
                                  {"stored/error_percent", a.error_percent()},
                                  {"reconstructed/cross_entropy", b.cross_entropy()},
                                  {"reconstructed/error_percent", b.error_percent()},
                                  {"difference/cross_entropy", b.cross_entropy() - a.cross_entropy()},
                                  {"difference/error_percent", b.error_percent() - a.error_percent()}});
    a.begin();
    b.begin();
  }
  return series;
}

void write(const std::filesystem::path& file, const TrainingComparison& comparison, const Config& config,
           const std::string& command) {
  hdf5::Writer log = start_study_log(file, "training", command);
  log.attribute("/", "architecture", network_name(config.network));
  log.attribute("/", "dataset", name(config.dataset.name));
  comparison.train.write(log, "train");
  comparison.eval.write(log, "eval");
  log.save();
}

}  // namespace

TrainingComparison run_training_comparison(const Config& config, const std::filesystem::path& directory,
                                           RunStart start, const std::string& command,
                                           const std::function<void(Config::Network::Activations)>& begins) {
  require_reversible(architecture(config));
  if (has_begun(directory)) {
    throw UsageError("{} holds a run of its own; choose another --run-dir for this study",
                     directory.string());
  }
  make_folders(directory);
  // The second run must not be refused only when the first has trained.
  if (start != RunStart::resume) RunDirectory::check(directory / name(modes.back()), start);
  // An old second run would stand beside a new first one that was interrupted, so it goes once the first is
  // under way.
  bool replaces = start == RunStart::overwrite;
  const auto remove_old_study = [&] {
    if (!std::exchange(replaces, false)) return;
    RunDirectory::take(directory / name(modes.back()), RunStart::overwrite);
    std::filesystem::remove(directory / file_name);
  };
  TrainingHooks hooks;
  hooks.before_step = [&](Trainer& /*trainer*/) { remove_old_study(); };
  for (const auto mode : modes) {
    const std::filesystem::path run = directory / name(mode);
    Config one = config;
    one.network.activations = mode;
    if (interrupted()) break;
    if (begins) begins(mode);
    run_training(resolve(one), run, start, command, hooks);
    remove_old_study();  // if a signal ended the first run before its first step
  }
  TrainingComparison comparison;
  comparison.status = RunStatus::interrupted;
  if (replaces) return comparison;  // the study that is there is the old one
  std::vector<RunLog> logs;
  for (const auto mode : modes) {
    const std::filesystem::path log = RunFiles(directory / name(mode)).run_log();
    if (std::filesystem::exists(log)) logs.push_back(RunLog::open(log));
  }
  // A study that is made longer finds the second run complete, though with fewer iterations.
  const bool complete = logs.size() == modes.size() && std::ranges::all_of(logs, [&](const RunLog& log) {
                          return log.status() == RunStatus::complete && !log.train().empty() &&
                                 log.train().back().iteration >= config.training.iterations;
                        });
  if (complete) comparison.status = RunStatus::complete;
  if (logs.size() == modes.size()) {
    comparison.train = side_by_side(logs[0].train(), logs[1].train());
    comparison.eval = side_by_side(logs[0].eval(), logs[1].eval());
    if (!comparison.train.empty()) write(directory / file_name, comparison, config, command);
  }
  return comparison;
}

}  // namespace revnet
