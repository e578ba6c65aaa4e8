#include "study/angle_study.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "run/earlier_run.h"
#include "study/gradient_angle.h"
#include "study/study_log.h"
#include "system/host.h"
#include "train/load_data.h"
#include "train/memory_check.h"
#include "train/network_state.h"
#include "train/setup.h"

namespace revnet {
namespace {

constexpr const char* file_name = "angle.h5";
constexpr const char* study_name = "gradient angle";
constexpr const char* group = "angle";
constexpr std::array extra_modes{ActivationMode::stored, ActivationMode::reconstructed};

void add(Series::Row& row, const std::string& prefix, const Comparison& comparison) {
  row[prefix + "degrees"] = comparison.degrees;
  row[prefix + "relative_l2"] = comparison.relative_l2;
  row[prefix + "largest_difference"] = comparison.largest_difference;
}

void add(Series::Row& row, const std::string& prefix, const std::map<std::string, Comparison>& parts) {
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
  dump.save(Durability::process_crash);
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
    const auto same = [&](const char* name, std::int64_t now) {
      const std::int64_t before = log.attributes.at(name);
      if (before != now) {
        throw UsageError("{}: {} was {}, but {} is requested; resume with the same value", file_.string(),
                         name, before, now);
      }
    };
    same("every", options_.every);
    same("batches", options_.batches);
    series_ = std::move(log.series);
  }

  void measure(Trainer& trainer, std::int64_t iteration) {
    series_.truncate_from(iteration);
    AngleMeter meter(trainer);
    Series::Row mean;
    for (std::int64_t batch = 0; batch < options_.batches; ++batch) {
      trainer.fetch_batch(batch);
      for (const auto& [name, value] : angle_row(meter.measure())) {
        mean[name] += value / static_cast<double>(options_.batches);
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
    log.attribute("/", "every", options_.every);
    log.attribute("/", "batches", options_.batches);
    series_.write(log, group);
    log.save(Durability::process_crash);
  }

  Config config_;
  AngleOptions options_;
  std::filesystem::path file_;
  std::string command_;
  AngleReport report_;
  Series series_;
};

// Maps iterations to files. The checkpoints are read again
// when measured, so that only one is in memory at a time.
std::map<std::int64_t, std::filesystem::path> by_iteration(const std::vector<std::filesystem::path>& given) {
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
  std::map<std::int64_t, std::filesystem::path> ordered;
  for (const std::filesystem::path& file : files) {
    const std::int64_t iteration = read_checkpoint(file).iteration;
    const auto [entry, is_new] = ordered.try_emplace(iteration, file);
    if (!is_new) {
      throw UsageError("{} and {} are both of iteration {}; measure them in two run directories",
                       file.string(), entry->second.string(), iteration);
    }
  }
  return ordered;
}

// What is seen of ReLUs and reconstructions is of the last pass through the network.
void check_measurable(const Config& config) {
  require_reversible(architecture(config));
  if (network_options(config).micro_batches == 1) return;
  throw UsageError(
      "training.micro_batch: the angle is measured on whole batches; use --micro-batch 0, and a smaller "
      "--batch where memory is short");
}

}  // namespace

RunSummary run_angle_study(const Config& config, const AngleOptions& options,
                           const std::filesystem::path& directory, RunStart start, const std::string& command,
                           const AngleReport& report, Communicator& communicator) {
  check_measurable(config);
  if (!options.dump.empty() && communicator.ranks() > 1) {
    throw UsageError("--dump: no rank has the whole batch; run the study as one process");
  }
  Measurements measurements(config, options, directory / file_name, command, report);
  communicator.together([&] {
    if (start == RunStart::resume && communicator.is_first()) measurements.resume();
  });
  TrainingHooks hooks;
  hooks.modes.assign(extra_modes.begin(), extra_modes.end());
  hooks.before_step = [&](Trainer& trainer) {
    if (trainer.iteration() % options.every == 0) measurements.measure(trainer, trainer.iteration());
  };
  hooks.after_training = [&](Trainer& trainer) { measurements.measure(trainer, trainer.iteration()); };
  return run_training(config, directory, start, command, hooks, communicator);
}

void run_angle_study_of_checkpoints(const std::vector<std::filesystem::path>& checkpoints,
                                    const std::function<Config(Config)>& adjust, const AngleOptions& options,
                                    const std::filesystem::path& directory, const std::string& command,
                                    const AngleReport& report) {
  const std::map<std::int64_t, std::filesystem::path> files = by_iteration(checkpoints);
  const std::string origin = files.begin()->second.string();
  Config before = settings_of_checkpoint(read_checkpoint(origin), origin);
  // As many as in the training, for the same bits, unless there are fewer cores here.
  before.training.threads = std::min(before.training.threads, static_cast<int>(usable_cores().size()));
  const Config config = resolve(adjust(std::move(before)));
  check_measurable(config);
  const std::vector<ActivationMode> modes(extra_modes.begin(), extra_modes.end());
  const MemoryPlan plan = plan_memory(config, modes);
  std::unique_ptr<BatchSource> data = load_data(config);
  check_memory(config, plan, modes, tightest_memory_limit(memory_limits()));
  Trainer trainer(config, std::move(data), plan.arena_bytes);
  AngleOptions at_checkpoints = options;
  at_checkpoints.every = 0;
  Measurements measurements(config, at_checkpoints, directory / file_name, command, report);
  for (const auto& [iteration, file] : files) {
    trainer.restore(read_checkpoint(file), file.string());
    measurements.measure(trainer, iteration);
  }
}

}  // namespace revnet
