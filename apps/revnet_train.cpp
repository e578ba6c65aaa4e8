// revnet-train: trains one network on one data set.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "ranks.h"
#include "train/interrupt.h"
#include "train/plan_report.h"
#include "train/setup.h"
#include "train/training_run.h"
#include "training_options.h"

namespace {

using namespace revnet;

constexpr const char* examples = R"(Examples:
  revnet-train cifar10 --arch revnet110
      the paper's network and recipe: 80,000 iterations of 100 images
  revnet-train cifar10 --arch resnet32 --iterations 8000 --run-dir runs/short
      a tenth of the schedule
  revnet-train cifar10 --run-dir runs/short --resume
      go on with a run that was stopped, with its own settings
  revnet-train cifar10 --epochs 30 --lr 0.2 --set training.schedule=cosine
      another recipe; --help-settings has all there is to set
  revnet-train synthetic --arch revnet38 --iterations 300 --eval-every 100
      without any data set: ten classes of drawn shapes
  revnet-train images --data-dir imagewoof --image-size 128 --arch resnet32
      JPEG images in imagewoof/train/CLASS and imagewoof/val/CLASS; imagenet: of its 1,000 classes
  revnet-train cifar100 --arch revnet164 --dry-run
      parameters, arithmetic and memory of a run, which is not started

Exit codes: 0 done, 1 failed, 2 usage, 3 interrupted with a checkpoint saved, 4 diverged,
5 a damaged image with a checkpoint saved.
RUN holds config.yaml, run.log, run.h5 (curves), metrics.csv (the same as text) and checkpoint.h5.)";

void print_exchange(const RunSummary& summary) {
  const ExchangeTimes& times = summary.exchange;
  const double steps = static_cast<double>(std::max<std::int64_t>(times.steps, 1));
  std::printf(
      "%-18s%d ranks; %.1f ms a step alone, %.1f ms longer steps: %.0f %% hidden by the backward pass; "
      "%.1f ms waiting for slower ranks\n",
      "all-reduce", summary.ranks, 1e3 * times.alone / steps, 1e3 * (times.exposed + times.working) / steps,
      100 * times.hidden(), 1e3 * (times.waiting - times.exposed) / steps);
}

void print_summary(const RunSummary& summary, const Config& config, const std::string& directory) {
  const char* evaluated = config.dataset.validation ? "validation error" : "test error";
  if (summary.evaluation.iteration > 0) {
    std::printf("%-18s%.2f %% of %lld images, cross entropy %.4f, after iteration %lld\n", evaluated,
                summary.evaluation.error_percent, static_cast<long long>(summary.images),
                summary.evaluation.cross_entropy, static_cast<long long>(summary.evaluation.iteration));
  }
  if (summary.evaluation_average.iteration > 0) {
    std::printf("%-18s%.2f %%, cross entropy %.4f\n", "averaged weights",
                summary.evaluation_average.error_percent, summary.evaluation_average.cross_entropy);
  }
  std::printf("%-18s%.2f %%, cross entropy %.4f (mean of the last %lld iterations)\n", "training error",
              summary.training.error_percent, summary.training.cross_entropy,
              static_cast<long long>(config.log.every));
  std::printf("%-18s%lld of %lld iterations in %s, %.0f images/s\n", "time",
              static_cast<long long>(summary.iterations), static_cast<long long>(config.training.iterations),
              format_duration(summary.seconds).c_str(), summary.images_per_second);
  if (summary.ranks > 1) print_exchange(summary);
  if (summary.images_left_out > 0) {
    std::printf("%-18s%zu damaged ones, named in run.log\n", "images left out", summary.images_left_out);
  }
  std::printf("%-18s%s\n", "activations", describe_activation_bytes(config).c_str());
  std::printf("%-18s%s resident at most\n", "memory", format_bytes(summary.peak_resident_bytes).c_str());
  std::printf("%-18s%s\n", "run", directory.c_str());
}

int run(int argc, char** argv) {
  CLI::App app("Trains a reversible (or ordinary) residual network on CIFAR or photographs, on CPUs.",
               "revnet-train");
  app.footer(std::string(examples) + environment_help);
  std::string directory;
  bool resume = false, force = false, dry_run = false;
  TrainingOptions options(app);
  app.get_option("dataset")->required();
  app.add_option("--run-dir", directory, "where the run is recorded")
      ->type_name("DIR")
      ->default_str("runs/DATASET-ARCH-seedN")
      ->group("Run");
  auto* resume_flag = app.add_flag("--resume", resume, "go on with the run in --run-dir")->group("Run");
  app.add_flag("--force", force, "replace a run that is there")->excludes(resume_flag)->group("Run");
  app.add_flag("--dry-run", dry_run, "print the plan as YAML and write nothing")->group("Run");
  if (const int code = parse(app, argc, argv); code >= 0) return code;

  return guarded_ranks("revnet-train", [&](Communicator& communicator) {
    Config config;
    communicator.together([&] {
      if (resume) {
        if (directory.empty()) throw UsageError("--resume needs --run-dir");
        config = settings_of_run(directory);
        // A rank's threads are those that its launcher gives it this time.
        if (communicator.ranks() > 1) config.training.threads = 0;
      }
      config = resolve(options.apply_to(std::move(config)));
    });
    if (directory.empty()) directory = default_run_directory(config).string();
    if (dry_run) {
      if (communicator.is_first()) std::cout << plan_yaml(config, directory);
      return static_cast<int>(ExitCode::done);
    }
    catch_interrupts(communicator.is_first());
    const RunStart start = resume ? RunStart::resume : force ? RunStart::overwrite : RunStart::fresh;
    const RunSummary summary =
        run_training(config, directory, start, command_line(argc, argv), {}, communicator);
    if (communicator.is_first()) print_summary(summary, config, directory);
    return static_cast<int>(summary.status == RunStatus::interrupted ? ExitCode::interrupted
                                                                     : ExitCode::done);
  });
}

}  // namespace

int main(int argc, char** argv) {
  return run(argc, argv);
}
