#include "run/evaluation.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "base/error.h"
#include "base/version.h"
#include "record/format_version.h"
#include "record/hdf5.h"
#include "run/earlier_run.h"
#include "train/load_data.h"
#include "train/memory_check.h"
#include "train/setup.h"
#include "train/trainer.h"

namespace revnet {
namespace {

constexpr std::int64_t evaluation_version = 1;

// Ranks the label's logit among those of its image. As in Loss::errors, a logit that is not finite is ranked
// last, and so is any beside a NaN, which compares with nothing.
std::int64_t place_of(std::size_t label, std::span<const float> row) {
  if (!std::isfinite(row[label])) return static_cast<std::int64_t>(row.size());
  std::int64_t before = 0;
  for (std::size_t k = 0; k < row.size(); ++k) {
    const bool behind = row[k] < row[label] || (row[k] == row[label] && k >= label);
    if (!behind) ++before;
  }
  return before;
}

}  // namespace

double Evaluation::error_percent(std::int64_t best) const {
  const auto errors = std::ranges::count_if(places, [&](std::int64_t place) { return place >= best; });
  return 100.0 * static_cast<double>(errors) / static_cast<double>(places.size());
}

std::string Evaluation::name_of(std::int64_t label) const {
  return names.empty() ? fmt::to_string(label) : names.at(static_cast<std::size_t>(label));
}

void add_batch(Evaluation& evaluation, std::span<const float> logits, std::span<const std::int32_t> labels,
               bool keep_logits) {
  const auto classes = static_cast<std::size_t>(evaluation.classes);
  for (std::size_t n = 0; n < labels.size(); ++n) {
    const std::span<const float> row = logits.subspan(n * classes, classes);
    evaluation.labels.push_back(labels[n]);
    evaluation.predictions.push_back(std::ranges::max_element(row) - row.begin());
    evaluation.places.push_back(place_of(static_cast<std::size_t>(labels[n]), row));
  }
  if (!keep_logits) return;
  const std::span<const float> rows = logits.first(labels.size() * classes);
  evaluation.logits.insert(evaluation.logits.end(), rows.begin(), rows.end());
}

std::vector<ClassErrors> errors_by_class(const Evaluation& evaluation) {
  std::vector<ClassErrors> table(static_cast<std::size_t>(evaluation.classes));
  std::vector<std::map<std::int64_t, std::int64_t>> mistakes(table.size());
  for (std::size_t i = 0; i < evaluation.labels.size(); ++i) {
    const auto label = static_cast<std::size_t>(evaluation.labels[i]);
    ClassErrors& of_class = table[label];
    ++of_class.images;
    if (evaluation.places[i] == 0) continue;
    ++of_class.errors;
    const std::int64_t times = ++mistakes[label][evaluation.predictions[i]];
    if (times <= of_class.mistaken) continue;
    of_class.mistaken = times;
    of_class.mistaken_for = evaluation.predictions[i];
  }
  return table;
}

namespace {

// The network must not have been trained on what it is evaluated on.
std::unique_ptr<BatchSource> load_data_unseen(const Config& config, const Config& trained) {
  const bool same_set = config.dataset.name == trained.dataset.name && !has_photographs(config);
  if (same_set && config.dataset.validation && !trained.dataset.validation) {
    throw UsageError(
        "dataset.validation: this network was trained on these images, so their error says nothing; evaluate "
        "it on the test set");
  }
  const bool without = same_set && trained.dataset.validation && !config.dataset.validation;
  return without ? load_data_with_held_out(config) : load_data(config);
}

}  // namespace

Evaluation evaluate_checkpoint(const Config& config, const Checkpoint& checkpoint, const std::string& file,
                               bool keep_logits) {
  const MemoryPlan plan = plan_memory(config);
  std::unique_ptr<BatchSource> data = load_data_unseen(config, settings_of_checkpoint(checkpoint, file));
  check_memory(config, plan, {}, tightest_memory_limit(memory_limits()));
  Trainer trainer(config, std::move(data), plan.arena_bytes);
  trainer.restore(checkpoint, file);
  Evaluation evaluation;
  evaluation.iteration = trainer.iteration();
  evaluation.classes = classes(config);
  evaluation.names = class_names(config);
  evaluation.loss = trainer
                        .evaluate({}, 0,
                                  [&](const Tensor& logits, std::span<const std::int32_t> labels) {
                                    add_batch(evaluation, logits.values(), labels, keep_logits);
                                  })
                        .value();
  if (trainer.averages_weights()) evaluation.average = trainer.evaluate_average();
  evaluation.left_out = trainer.data().take_notices();
  evaluation.fingerprint = trainer.data().fingerprint();
  return evaluation;
}

void write_predictions(const std::filesystem::path& path, const Evaluation& evaluation, const Config& config,
                       const std::string& checkpoint) {
  hdf5::Writer file(path);
  file.attribute("/", format_version_name, evaluation_version);
  file.attribute("/", "version", std::string(version()));
  file.attribute("/", "checkpoint", checkpoint);
  file.attribute("/", "iteration", evaluation.iteration);
  file.attribute("/", "error_percent", evaluation.loss.error_percent());
  file.attribute("/", "cross_entropy", evaluation.loss.mean_cross_entropy());
  file.text("config", to_yaml(config));
  file.integers("labels", evaluation.labels);
  file.integers("predictions", evaluation.predictions);
  file.floats("logits", {static_cast<std::int64_t>(evaluation.labels.size()), evaluation.classes},
              evaluation.logits);
  file.save();
}

}  // namespace revnet
