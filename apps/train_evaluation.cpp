#include "train_evaluation.h"

#include <iostream>

#include <fmt/format.h>

#include "base/error.h"
#include "base/table.h"
#include "base/text.h"
#include "command_line.h"
#include "option_values.h"
#include "record/run_directory.h"
#include "run/earlier_run.h"
#include "run/evaluation.h"
#include "system/posix_file.h"
#include "train/load_data.h"
#include "train/setup.h"

namespace revnet {
namespace {

constexpr std::int64_t top = 5, classes_worth_it = 10;

// Whether an evaluation depends on a setting. Those of training do so by the images that they draw, for the
// set itself if it is synthetic and for the recalibration of statistics.
bool acts_on_evaluation(const std::string& key) {
  for (const char* one : {"training.batch", "training.micro_batch", "training.seed", "training.threads"}) {
    if (key == one) return true;
  }
  return !key.starts_with("training.") && !key.starts_with("checkpoint.") && !key.starts_with("log.") &&
         !key.starts_with("evaluation.");
}

void print_classes(const Evaluation& evaluation) {
  Table table({"class", "images", "errors", "error %", "mostly taken for", "times"});
  const std::vector<ClassErrors> classes = errors_by_class(evaluation);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const ClassErrors& one = classes[i];
    const double percent = 100.0 * static_cast<double>(one.errors) / static_cast<double>(one.images);
    table.add({evaluation.name_of(static_cast<std::int64_t>(i)), fmt::to_string(one.images),
               fmt::to_string(one.errors), one.images > 0 ? format_fixed(percent, 2) : "-",
               one.errors > 0 ? evaluation.name_of(one.mistaken_for) : "-", fmt::to_string(one.mistaken)});
  }
  std::cout << '\n' << table.format(TableFormat::text);
}

void print(const Evaluation& evaluation, const Config& config, const std::string& checkpoint) {
  const std::string set = config.dataset.validation ? "validation" : "test";
  const auto line = [](const std::string& name, const std::string& text) {
    std::cout << fmt::format("{:<18}{}\n", name, text);
  };
  line(set + " error",
       fmt::format("{:.2f} % of {} images, cross entropy {:.4f}", evaluation.loss.error_percent(),
                   format_grouped(evaluation.loss.images), evaluation.loss.mean_cross_entropy()));
  if (evaluation.average) {
    line("averaged weights",
         fmt::format("{:.2f} %, cross entropy {:.4f}", evaluation.average->error_percent(),
                     evaluation.average->mean_cross_entropy()));
  }
  if (evaluation.classes > classes_worth_it) {
    line("top-5 error", fmt::format("{:.2f} %", evaluation.error_percent(top)));
  }
  line("network", fmt::format("{} on {}", network_name(config.network), name(config.dataset.name)));
  line("checkpoint", fmt::format("{}, after iteration {}", checkpoint, evaluation.iteration));
}

}  // namespace

EvaluationOptions::EvaluationOptions(CLI::App& app) {
  const char* group = "Evaluation";
  option_ = app.add_flag("--evaluate", evaluate_, "evaluate the checkpoint in --run-dir instead of training");
  option_->group(group)->excludes(option_of(app, "--resume"))->excludes(option_of(app, "--force"));
  app.add_option("--checkpoint", checkpoint_, "evaluate this checkpoint, from whichever run")
      ->type_name("FILE")
      ->group(group)
      ->needs(option_)
      ->excludes(option_of(app, "--run-dir"));
  app.add_flag("--per-class", per_class_, "also list the errors of each class")->group(group)->needs(option_);
  app.add_option("--predictions", predictions_, "also write labels, predictions and logits, as HDF5")
      ->type_name("FILE")
      ->group(group)
      ->needs(option_);
}

int EvaluationOptions::run(const SettingOptions& options,
                           const std::function<std::filesystem::path()>& directory) const {
  options.refuse_ignored(acts_on_evaluation, "--evaluate");
  if (!predictions_.empty()) {
    check_output(predictions_, "--predictions");
    if (std::filesystem::exists(predictions_)) {
      throw UsageError("--predictions: {} already exists: remove it, or choose another name", predictions_);
    }
  }
  const RunFiles run(checkpoint_.empty() ? directory() : "");
  const std::string file = checkpoint_.empty() ? run.checkpoint().string() : checkpoint_;
  std::error_code error;
  if (checkpoint_.empty() && !std::filesystem::exists(file, error)) {
    if (error) throw io_error("read", file, error.value());
    const std::filesystem::path kept = newest_whole_checkpoint(run.kept_checkpoints());
    throw UsageError("{} is missing: check --run-dir, or name another with --checkpoint{}", file,
                     kept.empty() ? "" : fmt::format(", such as {}", kept.string()));
  }
  const Checkpoint checkpoint = checkpoint_.empty() ? read_last_checkpoint(run) : read_checkpoint(file);
  const Config trained = settings_of_checkpoint(checkpoint, file);
  Config config = trained;
  config.training.threads = 0;  // chosen for this machine, not taken from the training
  config = options.apply_to(std::move(config));
  if (has_photographs(config) != has_photographs(trained)) {
    throw UsageError("{} was trained on {}, so it cannot be evaluated on {}", file,
                     name(trained.dataset.name), name(config.dataset.name));
  }
  for (const auto& [key, given, own] : differences(config, trained)) {
    if (key == "network.architecture" || find_setting(key)->describes_network()) {
      throw UsageError("{}: {} is {}, not {}; leave it out, as a checkpoint comes with its network", file,
                       key, own, given);
    }
  }
  config = resolve(std::move(config));
  const Evaluation evaluation =
      without_training([&] { return evaluate_checkpoint(config, checkpoint, file, !predictions_.empty()); });
  const std::string trained_on = fingerprint_beside(file);
  if (!trained_on.empty() && trained_on != evaluation.fingerprint) {
    std::cerr << "warning: these images or their classes are not those that the run was trained on\n";
  }
  for (const std::string& line : evaluation.left_out) std::cerr << "warning: left out: " << line << '\n';
  print(evaluation, config, file);
  if (!predictions_.empty()) {
    write_predictions(predictions_, evaluation, config, file);
    std::cout << fmt::format("{:<18}{}\n", "predictions", predictions_);
  }
  if (per_class_) print_classes(evaluation);
  return static_cast<int>(ExitCode::done);
}

}  // namespace revnet
