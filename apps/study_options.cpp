#include "study_options.h"

#include <iostream>
#include <optional>

#include <fmt/format.h>

#include "data/cifar.h"
#include "ranks/communicator.h"
#include "run/earlier_run.h"

namespace revnet {
namespace {

Config::Dataset::Name dataset_at_hand(const std::string& directory) {
  if (cifar10_available(directory)) return Config::Dataset::Name::cifar10;
  const std::optional<Launch> launch = find_launch();
  if (!launch || launch->rank == 0) {
    std::cerr << "no CIFAR-10 in " << directory << " (--data-dir, $REVNET_DATA): using the synthetic set\n";
  }
  return Config::Dataset::Name::synthetic;
}

}  // namespace

StudyOptions::StudyOptions(CLI::App& app, std::string prefix)
    : prefix_(std::move(prefix)),
      settings_(app),
      run_(app, "study", "runs/" + prefix_ + "-DATASET-ARCH-seedN") {
  CLI::Option* const dataset = option_of(app, "dataset");
  dataset->description(dataset->get_description() + "; default: cifar10 if found");
}

StudyOptions::Prepared StudyOptions::prepare(const std::string& run_in,
                                             std::optional<Config::Network::Activations> kept) const {
  Prepared prepared;
  prepared.directory = run_.directory();
  const bool has_dataset = settings_.names("dataset.name") || (run_.resume() && !prepared.directory.empty() &&
                                                               has_begun(prepared.directory / run_in));
  if (run_.resume() && !has_dataset && !prepared.directory.empty()) {
    throw UsageError("{} holds no run to resume, and no dataset is named to start one with (see --help)",
                     (prepared.directory / run_in).string());
  }
  std::optional<Config::Dataset::Name> found;
  const auto given = [&](Config config) {
    config = settings_.apply_to(std::move(config));
    config.network.activations = kept.value_or(config.network.activations);
    if (has_dataset) return config;
    if (!found) found = dataset_at_hand(config.dataset.directory);
    config.dataset.name = *found;
    return config;
  };
  if (prepared.directory.empty()) {
    const Config config = given({});
    prepared.directory = fmt::format("runs/{}-{}-{}-seed{}", prefix_, name(config.dataset.name),
                                     network_name(config.network), config.training.seed);
  }
  prepared.config = run_.settings(prepared.directory / run_in, given);
  prepared.start = run_.start();
  return prepared;
}

}  // namespace revnet
