#include "study_options.h"

#include <iostream>

#include <fmt/format.h>

#include "base/error.h"
#include "train/communicator.h"
#include "train/setup.h"

namespace revnet {
namespace {

Config::Dataset::Name dataset_at_hand(const std::string& directory) {
  if (std::filesystem::exists(std::filesystem::path(directory) / "cifar-10-batches-bin")) {
    return Config::Dataset::Name::cifar10;
  }
  const std::optional<Launch> launch = find_launch();
  if (!launch || launch->rank == 0) {
    std::cerr << "no CIFAR-10 in " << directory << " (--data-dir, $REVNET_DATA): taking the synthetic set\n";
  }
  return Config::Dataset::Name::synthetic;
}

}  // namespace

StudyOptions::StudyOptions(CLI::App& app, std::string prefix)
    : prefix_(std::move(prefix)), training_(app), dataset_(app.get_option("dataset")) {
  dataset_->description(dataset_->get_description() + "; default: cifar10 if found");
  app.add_option("--run-dir", directory_, "where the study is recorded")
      ->type_name("DIR")
      ->default_str("runs/" + prefix_ + "-DATASET-ARCH-seedN")
      ->group("Run");
  auto* resume = app.add_flag("--resume", resume_, "go on with the study in --run-dir")->group("Run");
  app.add_flag("--force", force_, "replace a study that is there")->excludes(resume)->group("Run");
}

StudyOptions::Prepared StudyOptions::prepare(const std::string& run_in) const {
  Prepared prepared;
  if (resume_) {
    if (directory_.empty()) throw UsageError("--resume needs --run-dir");
    prepared.config = settings_of_run(std::filesystem::path(directory_) / run_in);
  }
  prepared.config = training_.apply_to(std::move(prepared.config));
  if (dataset_->empty() && !resume_) {
    prepared.config.dataset.name = dataset_at_hand(prepared.config.dataset.directory);
  }
  prepared.config = resolve(std::move(prepared.config));
  const Config& config = prepared.config;
  prepared.directory = !directory_.empty()
                           ? directory_
                           : fmt::format("runs/{}-{}-{}-seed{}", prefix_, name(config.dataset.name),
                                         network_name(config.network), config.training.seed);
  prepared.start = resume_ ? RunStart::resume : force_ ? RunStart::overwrite : RunStart::fresh;
  return prepared;
}

}  // namespace revnet
