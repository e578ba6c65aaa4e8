#include "study/angle_study.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <utility>

#include "base/error.h"
#include "record/run_directory.h"
#include "run/earlier_run.h"
#include "study/gradient_angle.h"
#include "study/study_log.h"
#include "system/host.h"
#include "system/interrupt.h"
#include "train/load_data.h"
#include "train/memory_check.h"
#include "train/network_state.h"
#include "train/setup.h"

namespace revnet {
namespace {

constexpr const char* study_name = "gradient angle";
constexpr const char* group = "angle";
constexpr std::array extra_modes{ActivationMode::stored, ActivationMode::reconstructed};

void add(Series::Row& row, const std::string& prefix, const VectorDistance& comparison) {
  row[prefix + "degrees"] = comparison.degrees;
  row[prefix + "relative_l2"] = comparison.relative_l2;
  row[prefix + "largest_difference"] = comparison.largest_difference;
}

void add(Series::Row& row, const std::string& prefix, const std::map<std::string, VectorDistance>& parts) {
  for (const auto& [name, comparison] : parts) add(row, prefix + name + "/", comparison);
}

Series::Row angle_row(const GradientAngle& angle) {
  Series::Row row;
  row["cross_entropy"] = angle.cross_entropy;
  add(row, "", angle.all);
  add(row, "", angle.stages);
  add(row, "units/", angle.units);
  add(row, "forced/", angle.all_forced);
  add(row, "forced/", angle.stages_forced);
  for (const auto& [stage, error] : angle.reconstruction) add(row, stage + "/reconstruction/", error);
  for (const auto& [stage, count] : angle.relus) {
    row[stage + "/relus"] = static_cast<double>(count.relus);
    row[stage + "/flipped"] = static_cast<double>(count.flipped);
    row["relus"] += static_cast<double>(count.relus);
    row["flipped"] += static_cast<double>(count.flipped);
  }
  return row;
}

// Writes /batch/{images, labels}, /parameters, /gradients/stored and /gradients/reconstructed of the meter's
// last measurement, with the attribute iteration.
void write_gradient_dump(const std::filesystem::path& file, Trainer& trainer, const AngleMeter& meter,
                         const std::string& command) {
  hdf5::Writer dump = start_study_log(file, "gradient dump", command);
  dump.attribute("/", "iteration", trainer.iteration());
  const Shape shape = trainer.images().shape();
  dump.floats("batch/images", shape, trainer.images().values());
  const std::vector<std::int64_t> labels(trainer.labels().begin(), trainer.labels().end());
  dump.integers("batch/labels", labels);
  const auto write = [&](const std::string& where, const std::vector<NamedArray>& arrays) {
    for (const NamedArray& array : arrays) dump.floats(where + array.name, array.shape, array.values);
  };
  write("parameters/", export_values(trainer.network()));
  write("gradients/stored/", meter.stored());
  write("gradients/reconstructed/", meter.reconstructed());
  dump.save();
}

class Measurements {
 public:
  Measurements(const Config& config, AngleOptions options, std::filesystem::path file, std::string command,
               AngleReport report)
      : config_(config),
        options_(std::move(options)),
        file_(std::move(file)),
        command_(std::move(command)),
        report_(std::move(report)) {}

  // Continues with the rows of an earlier process.
  void resume() {
    if (!std::filesystem::exists(file_)) return;
    StudyLog log = read_study_log(file_, study_name, {"every", "batches"}, group);
    const auto take = [&](const char* name, std::optional<std::int64_t>& now) {
      const std::int64_t before = log.attributes.at(name);
      if (before < 1)
        throw UsageError("{}: {} is {}, so it is not of a training", file_.string(), name, before);
      if (now && *now != before) {
        throw UsageError("{}: {} was {}, but {} is requested; resume with the same value or without one",
                         file_.string(), name, before, *now);
      }
      now = before;
    };
    take("every", options_.every);
    take("batches", options_.batches);
    series_ = std::move(log.series);
  }

  std::int64_t every() const { return options_.every.value_or(AngleOptions::default_every); }
  std::int64_t batches() const { return options_.batches.value_or(AngleOptions::default_batches); }

  // Makes all ranks measure as the first one does, which alone has read the rows of an earlier process.
  void agree(Communicator& communicator) {
    options_.every = static_cast<std::int64_t>(communicator.of_first(static_cast<double>(every())));
    options_.batches = static_cast<std::int64_t>(communicator.of_first(static_cast<double>(batches())));
  }

  void measure(Trainer& trainer, std::int64_t iteration) {
    series_.truncate_from(iteration);
    AngleMeter meter(trainer);
    Series::Row mean;
    for (std::int64_t batch = 0; batch < batches(); ++batch) {
      trainer.fetch_batch(batch);
      for (const auto& [name, value] : angle_row(meter.measure())) {
        mean[name] += value / static_cast<double>(batches());
      }
    }
    if (!trainer.communicator().is_first()) return;
    if (!series_.has_columns_of(mean)) {
      throw damage_error(file_, "/" + std::string(group) + " has other columns than this network's");
    }
    series_.append(iteration, mean);
    save();
    if (!options_.dump.empty()) write_gradient_dump(options_.dump, trainer, meter, command_);
    report_(iteration, mean);
  }

 private:
  void save() const {
    hdf5::Writer log = start_study_log(file_, study_name, command_);
    log.attribute("/", "architecture", network_name(config_.network));
    log.attribute("/", "convolution", name(config_.network.convolution));
    log.attribute("/", "engine", name(config_.network.engine));
    log.attribute("/", "coupling", name(config_.network.coupling));
    log.attribute("/", "every", every());
    log.attribute("/", "batches", batches());
    series_.write(log, group);
    log.save();
  }

  Config config_;
  AngleOptions options_;
  std::filesystem::path file_;
  std::string command_;
  AngleReport report_;
  Series series_;
};

// A checkpoint to measure at. It is read again when its turn comes, so that only one is in memory at a time.
struct Moment {
  std::filesystem::path file;
  Config config;  // resolved
};

std::vector<std::filesystem::path> files_of(const std::vector<std::filesystem::path>& given) {
  std::vector<std::filesystem::path> files;
  for (const std::filesystem::path& path : given) {
    if (!std::filesystem::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    const std::size_t before = files.size();
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      if (entry.path().extension() == ".h5") files.push_back(entry.path());
    }
    if (files.size() == before) {
      throw UsageError(path.string() + " holds no checkpoints (train with --keep-checkpoints)");
    }
  }
  return files;
}

// Returns the settings to measure with at this checkpoint.
Config settings_at(const Checkpoint& checkpoint, const std::string& file,
                   const std::function<Config(Config)>& adjust) {
  Config before = settings_of_checkpoint(checkpoint, file);
  // As many as in the training, for the same bits, unless there are fewer cores here.
  before.training.threads = std::min(before.training.threads, static_cast<int>(usable_cores().size()));
  return resolve(adjust(std::move(before)));
}

constexpr std::array dataset_keys{"dataset.name", "dataset.classes", "dataset.image_size",
                                  "dataset.validation", "dataset.values"};

// A study has one network on one data set; everything else may have changed in the course of a training.
void check_same_study(const Moment& first, const Moment& other) {
  for (const SettingDifference& difference : differences(first.config, other.config)) {
    const bool of_data = std::ranges::count(dataset_keys, difference.key) > 0;
    if (!of_data && !difference.key.starts_with("network.")) continue;
    throw UsageError("{} is {} in {}, but {} in {}; measure them in two run directories", difference.key,
                     difference.left, first.file.string(), difference.right, other.file.string());
  }
}

std::map<std::int64_t, Moment> by_iteration(const std::vector<std::filesystem::path>& given,
                                            const std::function<Config(Config)>& adjust) {
  std::map<std::int64_t, Moment> moments;
  for (const std::filesystem::path& file : files_of(given)) {
    const Checkpoint checkpoint = read_checkpoint(file);
    const auto [entry, is_new] = moments.try_emplace(
        checkpoint.iteration, Moment{file, settings_at(checkpoint, file.string(), adjust)});
    if (!is_new) {
      throw UsageError("{} and {} are both of iteration {}; measure them in two run directories",
                       file.string(), entry->second.file.string(), checkpoint.iteration);
    }
  }
  for (const auto& [iteration, moment] : moments) check_same_study(moments.begin()->second, moment);
  return moments;
}

// What is seen of ReLUs and reconstructions is of the last pass through the network.
void check_measurable(const Config& config, Communicator& communicator) {
  require_reversible(architecture(config));
  if (network_options(config, communicator).micro_batches == 1) return;
  throw UsageError(
      "training.micro_batch: the angle is measured on whole batches; use --micro-batch 0, and a smaller "
      "--batch where memory is short");
}

// Returns a trainer with memory for measuring.
std::unique_ptr<Trainer> make_trainer(const Config& config) {
  const std::vector<ActivationMode> modes(extra_modes.begin(), extra_modes.end());
  const MemoryPlan plan = plan_memory(config, modes);
  std::unique_ptr<BatchSource> data = load_data(config);
  check_memory(config, plan, modes, tightest_memory_limit(memory_limits()));
  return std::make_unique<Trainer>(config, std::move(data), plan.arena_bytes);
}

}  // namespace

RunSummary run_angle_study(const Config& config, const AngleOptions& options,
                           const std::filesystem::path& directory, RunStart start, const std::string& command,
                           const AngleReport& report, Communicator& communicator) {
  communicator.together([&] {
    check_measurable(config, communicator);
    if (!options.dump.empty() && communicator.ranks() > 1) {
      throw UsageError("--dump: no rank has the whole batch; run the study as one process");
    }
  });
  Measurements measurements(config, options, RunFiles(directory).angle(), command, report);
  communicator.together([&] {
    if (start == RunStart::resume && communicator.is_first()) measurements.resume();
  });
  measurements.agree(communicator);
  TrainingHooks hooks;
  hooks.modes.assign(extra_modes.begin(), extra_modes.end());
  hooks.before_step = [&](Trainer& trainer) {
    if (trainer.iteration() % measurements.every() == 0) measurements.measure(trainer, trainer.iteration());
  };
  hooks.after_training = [&](Trainer& trainer) { measurements.measure(trainer, trainer.iteration()); };
  return run_training(config, directory, start, command, hooks, communicator);
}

std::size_t run_angle_study_of_checkpoints(const std::vector<std::filesystem::path>& checkpoints,
                                           const std::function<Config(Config)>& adjust,
                                           const AngleOptions& options,
                                           const std::filesystem::path& directory, const std::string& command,
                                           const AngleReport& report) {
  const std::map<std::int64_t, Moment> moments = by_iteration(checkpoints, adjust);
  for (const auto& [iteration, moment] : moments) check_measurable(moment.config, single_process());
  AngleOptions at_checkpoints = options;
  at_checkpoints.every = 0;
  Measurements measurements(moments.begin()->second.config, at_checkpoints, RunFiles(directory).angle(),
                            command, report);
  std::unique_ptr<Trainer> trainer;
  const Config* settings = nullptr;  // of the trainer
  std::size_t measured = 0;
  for (const auto& [iteration, moment] : moments) {
    if (interrupted()) break;
    if (settings == nullptr || *settings != moment.config) {
      trainer.reset();  // frees its memory first
      trainer = make_trainer(moment.config);
      settings = &moment.config;
    }
    trainer->restore(read_checkpoint(moment.file), moment.file.string());
    measurements.measure(*trainer, iteration);
    ++measured;
  }
  return measured;
}

}  // namespace revnet
