// Which source of a setting wins, and that a run can be repeated from its recorded settings.
#include <cstdlib>

#include <doctest/doctest.h>

#include "end_to_end/runs.h"
#include "record/checksums.h"

using namespace revnet;
using namespace revnet::testing;
namespace fs = std::filesystem;

TEST_CASE("options override the environment, which overrides the file, and config.yaml repeats the run") {
  TemporaryDirectory folder;
  write_file(
      folder / "experiment.yaml",
      "name: precedence\nnetwork:\n  architecture: resnet32\n  units: [1, 1, 1]\ntraining:\n"
      "  iterations: 2\n  batch: 40\n  seed: 11\n  threads: 7\n  learning_rate: 0.05\nlog:\n  every: 1\n");
  const Arguments arguments{"synthetic", "--config", "experiment.yaml",  "--batch",
                            "50",        "--set",    "training.seed=12", "--run-dir"};
  succeeded(train(folder.path(), join(arguments, {"a"}), {{"REVNET_THREADS", "2"}}));
  const Config config = open_config(folder / "a");
  CHECK(config.name == "precedence");
  CHECK(config.training.learning_rate == 0.05);  // only in the file
  CHECK(config.training.threads == 2);           // file, then environment
  CHECK(config.training.batch == 50);            // file, then option
  CHECK(config.training.seed == 12);             // file, then --set
  CHECK(config.training.momentum == 0.9);        // the default, since no source sets it
  CHECK(config.network.activations == Config::Network::Activations::stored);
  CHECK(with_checksum(open_log(folder / "a").info().config) == read_file(folder / "a/config.yaml"));

  // The recorded file alone must repeat the run in another folder and without the environment.
  succeeded(train(folder.path(), {"--config", "a/config.yaml", "--run-dir", "b"}, {{"REVNET_THREADS", ""}}));
  CHECK(first_difference(folder / "a", folder / "b") == "");
  CHECK(read_file(folder / "a/config.yaml") == read_file(folder / "b/config.yaml"));

  // To show that the comparison can fail, another seed must give another run.
  succeeded(
      train(folder.path(), {"synthetic", "--config", "a/config.yaml", "--seed", "13", "--run-dir", "c"}));
  CHECK(contains(first_difference(folder / "a", folder / "c"), "parameters/"));
}

TEST_CASE("settings may come from a pipe") {
  TemporaryDirectory folder;
  write_file(folder / "experiment.yaml", "dataset: {name: synthetic}\ntraining: {iterations: 7}\n");
  const std::string plan = "cd '" + folder.path().string() +
                           "' && cat experiment.yaml | '" REVNET_BIN_DIR
                           "/revnet-train' --config /dev/stdin --dry-run > plan";
  CHECK(std::system(plan.c_str()) == 0);
  CHECK(contains(read_file(folder / "plan"), "iterations: 7\n"));
  const std::string sweep = "cd '" + folder.path().string() +
                            "' && { echo 'name: piped'; cat experiment.yaml; } | '" REVNET_BIN_DIR
                            "/revnet-sweep' run /dev/stdin --dry-run > plan";
  CHECK(std::system(sweep.c_str()) == 0);
  CHECK(contains(read_file(folder / "plan"), "in runs/piped, "));
}

TEST_CASE("an option overrides the environment and --set") {
  TemporaryDirectory folder;
  const Outcome plan = succeeded(train(folder.path(),
                                       {"cifar10", "--dry-run", "--threads", "1", "--data-dir", "here",
                                        "--batch", "9", "--set", "training.batch=8"},
                                       {{"REVNET_THREADS", "2"}, {"REVNET_DATA", "there"}}));
  CHECK(contains(plan.out, "threads: 1\n"));
  CHECK(contains(plan.out, "directory: here\n"));
  CHECK(contains(plan.out, "batch: 9\n"));
}

TEST_CASE("the data directory comes from the environment if no option names one") {
  TemporaryDirectory folder;
  const Outcome plan = train(folder.path(), {"cifar10", "--dry-run"}, {{"REVNET_DATA", "there"}});
  CHECK(contains(plan.out, "directory: there\n"));
  CHECK(contains(train(folder.path(), {"cifar10", "--dry-run"}).out, "directory: data\n"));
}
