#include "study_options.h"

#include <iostream>

#include "base/error.h"
#include "option_values.h"
#include "train/communicator.h"
#include "train/setup.h"

namespace revnet {

StudyOptions::StudyOptions(CLI::App& app, std::string prefix) : prefix_(std::move(prefix)), training_(app) {
  app.add_option("dataset", dataset_, "cifar10, cifar100 or synthetic; default: cifar10 if it is there")
      ->type_name("")
      ->check(choices_of_setting("dataset.name"));
  app.add_option("--run-dir", directory_, "where the study is recorded")
      ->type_name("DIR")
      ->default_str("runs/" + prefix_ + "-DATASET-ARCH-seedN")
      ->group("Run");
  auto* resume = app.add_flag("--resume", resume_, "go on with the study in --run-dir")->group("Run");
  app.add_flag("--force", force_, "replace a study that is there")->excludes(resume)->group("Run");
}

std::string StudyOptions::dataset_of(const Config& config) const {
  if (!dataset_.empty()) return dataset_;
  if (resume_) return config.dataset.name;
  if (std::filesystem::exists(std::filesystem::path(config.dataset.directory) / "cifar-10-batches-bin")) {
    return "cifar10";
  }
  const std::optional<Launch> launch = find_launch();
  if (!launch || launch->rank == 0)
    std::cerr << "no CIFAR-10 in " << config.dataset.directory
              << " (--data-dir, $REVNET_DATA): taking the synthetic set\n";
  return "synthetic";
}

StudyOptions::Prepared StudyOptions::prepare(const std::string& run_in) const {
  Prepared prepared;
  if (resume_) {
    if (directory_.empty()) throw UsageError("--resume needs --run-dir");
    prepared.config = settings_of_run(std::filesystem::path(directory_) / run_in);
  }
  prepared.config = training_.apply_to(std::move(prepared.config));
  set_value(prepared.config, "dataset.name", dataset_of(prepared.config), "dataset");
  prepared.config = resolve(std::move(prepared.config));
  const Config& config = prepared.config;
  prepared.directory = !directory_.empty()
                           ? directory_
                           : "runs/" + prefix_ + "-" + config.dataset.name + "-" +
                                 config.network.architecture + "-seed" + std::to_string(config.training.seed);
  prepared.start = resume_ ? RunStart::resume : force_ ? RunStart::overwrite : RunStart::fresh;
  return prepared;
}

}  // namespace revnet
