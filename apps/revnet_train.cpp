// revnet-train: trains one network on one data set.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "command_line.h"
#include "ranks.h"
#include "run/earlier_run.h"
#include "run/plan_report.h"
#include "run/training_run.h"
#include "run_options.h"
#include "setting_options.h"
#include "system/interrupt.h"
#include "train/memory_check.h"
#include "train/recipe.h"
#include "train/setup.h"
#include "train_evaluation.h"

namespace {

using namespace revnet;

constexpr const char* examples = R"(Examples:
  revnet-train cifar10 --arch revnet110
      the paper's network and recipe: 80,000 iterations of 100 images
  revnet-train cifar10 --arch resnet32 --iterations 8000 --run-dir runs/short
      a tenth of the schedule
  revnet-train cifar10 --epochs 30 --lr 0.2 --set training.schedule=cosine
      another recipe; --help-settings lists all settings
  revnet-train --run-dir runs/short --resume
      resume a stopped run with its own settings
  revnet-train --run-dir runs/short --evaluate --per-class
      the test error of the last checkpoint, in total and for each class
  revnet-train synthetic --arch revnet38 --iterations 300 --eval-every 100
      the built-in data set: ten classes of drawn shapes
  revnet-train images --data-dir imagewoof --image-size 128 --arch resnet32
      JPEG images in imagewoof/train/CLASS and imagewoof/val/CLASS
  revnet-train cifar100 --arch revnet164 --dry-run
      parameters, arithmetic and memory of a run, without starting it

Exit codes: 0 done, 1 failed, 2 usage, 3 interrupted with a checkpoint saved, 4 diverged,
5 a damaged image with a checkpoint saved.
RUN holds config.yaml, run.log, run.h5 (curves), metrics.csv (the same as text) and
checkpoint.h5, from which --resume continues. A larger --iterations extends the run; its
learning rate drops at the same iterations as before, unless training.decay_at is given.)";

void print_exchange(const RunSummary& summary) {
  const ExchangeTimes& times = summary.exchange;
  if (times.steps == 0) return;
  const auto steps = static_cast<double>(times.steps);
  std::printf(
      "%-18s%d ranks; %.1f ms per step alone, %.1f ms added to a step: %.0f %% hidden by the backward pass; "
      "%.1f ms waiting for slower ranks\n",
      "all-reduce", summary.ranks, 1e3 * times.alone / steps, 1e3 * (times.exposed + times.working) / steps,
      100 * times.hidden(), 1e3 * (times.waiting - times.exposed) / steps);
}

void print_summary(const RunSummary& summary, const Config& config, const std::string& directory) {
  const char* evaluated = config.dataset.validation ? "validation error" : "test error";
  if (summary.evaluation.iteration > 0) {
    const std::string images =
        summary.images > 0 ? fmt::format(" of {} images", format_grouped(summary.images)) : "";
    std::printf("%-18s%.2f %%%s, cross entropy %.4f, after iteration %lld\n", evaluated,
                summary.evaluation.error_percent, images.c_str(), summary.evaluation.cross_entropy,
                static_cast<long long>(summary.evaluation.iteration));
  }
  if (summary.evaluation_average.iteration > 0) {
    std::printf("%-18s%.2f %%, cross entropy %.4f\n", "averaged weights",
                summary.evaluation_average.error_percent, summary.evaluation_average.cross_entropy);
  }
  if (summary.training.iteration > 0) {
    std::printf("%-18s%.2f %%, cross entropy %.4f, after iteration %lld (last row of the log)\n",
                "training error", summary.training.error_percent, summary.training.cross_entropy,
                static_cast<long long>(summary.training.iteration));
  }
  // The speed of a run that was already complete is unknown if its log has only one row.
  const std::string speed =
      summary.images_per_second > 0 ? fmt::format(", {:.0f} images/s", summary.images_per_second) : "";
  std::printf("%-18s%lld of %lld iterations in %s%s\n", "time", static_cast<long long>(summary.iterations),
              static_cast<long long>(config.training.iterations), format_duration(summary.seconds).c_str(),
              speed.c_str());
  print_exchange(summary);
  if (summary.images_left_out > 0) {
    std::printf("%-18s%zu damaged, listed in run.log\n", "images left out", summary.images_left_out);
  }
  std::printf("%-18s%s\n", "activations", describe_activation_bytes(config, summary.ranks).c_str());
  if (summary.peak_resident_bytes > 0) {
    std::printf("%-18s%s resident at most\n", "memory", format_bytes(summary.peak_resident_bytes).c_str());
  }
  std::printf("%-18s%s\n", "run", directory.c_str());
}

// The command line.
struct Request {
  explicit Request(CLI::App& app)
      : settings(app), run(app, "run", "runs/DATASET-ARCH-seedN"), evaluation(app) {
    app.add_flag("--dry-run", dry_run, "print the plan as YAML and write nothing")
        ->group("Run")
        ->excludes(evaluation.option());
  }

  // Returns the run directory: --run-dir, or one derived from the settings.
  std::filesystem::path directory() const {
    if (!run.directory().empty()) return run.directory();
    if (!names_dataset()) throw UsageError("name a dataset, or an existing run with --run-dir (see --help)");
    return default_run_directory(settings.apply_to({}));
  }

  // On the command line or in an experiment file.
  bool names_dataset() const { return settings.names("dataset.name"); }

  SettingOptions settings;
  RunOptions run;
  EvaluationOptions evaluation;
  bool dry_run = false;
};

// Returns the resolved settings of the run.
Config resolved_settings(const Request& request, const std::filesystem::path& directory) {
  const bool goes_on = request.run.resume() && has_begun(directory);
  if (!request.names_dataset() && !request.run.resume() && has_begun(directory)) {
    throw UsageError("{} holds a run already: --resume continues it, --evaluate evaluates it",
                     directory.string());
  }
  if (!request.names_dataset() && !goes_on) {
    throw UsageError(request.run.resume() ? directory.string() +
                                                " holds no run to resume, and no dataset is "
                                                "named to start one with (see --help)"
                                          : "dataset is required (see --help)");
  }
  return request.run.settings(directory,
                              [&](Config config) { return request.settings.apply_to(std::move(config)); });
}

// Says what would refuse the run on this machine; the plan may be for another one.
void warn_if_too_large(const Config& config) {
  try {
    check_memory(config, plan_memory(config), {}, tightest_memory_limit(memory_limits()));
  } catch (const Error& error) {
    std::cerr << "warning: " << error.what() << '\n';
  }
}

void print_plan(const Config& config, const std::filesystem::path& directory, Communicator& communicator) {
  if (communicator.is_first()) {
    std::cout << plan_yaml(config, directory, communicator.ranks()) << std::flush;
    for (const std::string& warning : doubtful_settings(config)) std::cerr << "warning: " << warning << '\n';
  }
  if (communicator.ranks() == 1) warn_if_too_large(config);
}

int train(const Request& request, const std::string& command, Communicator& communicator) {
  Config config;
  std::filesystem::path directory;
  communicator.together([&] {
    directory = request.directory();
    config = resolved_settings(request, directory);
    if (!request.dry_run) return;
    check_start(config, directory, request.run.start());
    check_can_learn(config, communicator.ranks());
  });
  if (request.dry_run) {
    print_plan(config, directory, communicator);
    return static_cast<int>(ExitCode::done);
  }
  catch_interrupts(communicator.is_first());
  const RunSummary summary = run_training(config, directory, request.run.start(), command, {}, communicator);
  if (communicator.is_first()) {
    if (summary.was_complete) {
      std::cerr << directory.string()
                << " is complete: nothing is left to do (a larger --iterations extends it)\n";
    }
    print_summary(summary, config, directory);
  }
  return static_cast<int>(summary.status == RunStatus::interrupted ? ExitCode::interrupted : ExitCode::done);
}

int run(int argc, char** argv) {
  CLI::App app("Trains a reversible (or ordinary) residual network on CIFAR or photographs, on CPUs.",
               "revnet-train");
  app.footer(examples + environment_help());
  Request request(app);
  if (const int code = parse(app, argc, argv); code >= 0) return code;
  return guarded_ranks("revnet-train", [&](Communicator& communicator) {
    if (!request.evaluation.wanted()) return train(request, command_line(argc, argv), communicator);
    communicator.together([] { require_one_process("revnet-train --evaluate"); });
    return request.evaluation.run(request.settings, [&] { return request.directory(); });
  });
}

}  // namespace

int main(int argc, char** argv) {
  return guarded_program("revnet-train", [&] { return run(argc, argv); });
}
