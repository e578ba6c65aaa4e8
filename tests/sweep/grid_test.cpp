#include "sweep/grid.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "files.h"

namespace revnet {
namespace {

std::vector<Job> jobs(const std::string& yaml) {
  return expand(read_sweep_text(yaml, "sweep.yaml"));
}

std::vector<std::string> names(const std::string& yaml) {
  std::vector<std::string> result;
  for (const Job& job : jobs(yaml)) result.push_back(job.name);
  return result;
}

using Names = std::vector<std::string>;

TEST_CASE("a grid gives every combination, with the last key varying fastest") {
  const std::string yaml = R"(training: {iterations: 7}
sweep:
  grid:
    network.architecture: [resnet32, revnet38]
    training.batch: [16, 32]
    training.seed: [1]
)";
  CHECK(names(yaml) == Names{"resnet32-batch16-seed1", "resnet32-batch32-seed1", "revnet38-batch16-seed1",
                             "revnet38-batch32-seed1"});
  const std::vector<Job> all = jobs(yaml);
  CHECK(all[2].config.network.architecture == "revnet38");
  CHECK(all[2].config.training.batch == 16);
  CHECK(all[2].config.training.iterations == 7);
}

TEST_CASE("exclusions remove runs and inclusions add some") {
  const std::string yaml = R"(sweep:
  grid:
    network.architecture: [resnet32, revnet38]
    training.batch: [16, 32]
  exclude:
    - {network.architecture: revnet38, training.batch: "16"}
  include:
    - {network.architecture: revnet110, training.batch: 8}
    - {network.architecture: resnet32, training.batch: 32}
)";
  CHECK(names(yaml) == Names{"resnet32-batch16", "resnet32-batch32", "revnet38-batch32", "revnet110-batch8"});
}

TEST_CASE("an exclusion matches values in any notation") {
  CHECK(names("sweep:\n  grid:\n    training.learning_rate: [0.1, 0.2]\n  exclude:\n"
              "    - {training.learning_rate: 1e-1}\n") == Names{"learning_rate0.2"});
}

TEST_CASE("a file without a sweep is one run, and one with only inclusions has just those") {
  CHECK(names("training: {batch: 5}\n") == Names{"run"});
  CHECK(names("sweep:\n  include:\n    - {training.batch: 5}\n") == Names{"batch5"});
}

TEST_CASE("a rule scales a setting with another") {
  const std::string grid =
      "sweep:\n  grid:\n    training.batch: [25, 100, 400]\n  rules:\n    - {set: "
      "training.learning_rate, proportional_to: training.batch, at: 100";
  const std::vector<Job> linear = jobs(grid + "}\n"), root = jobs(grid + ", power: 0.5}\n");
  CHECK(linear[0].config.training.learning_rate == 0.025);
  CHECK(linear[1].config.training.learning_rate == 0.1);
  CHECK(linear[2].config.training.learning_rate == 0.4);
  CHECK(root[0].config.training.learning_rate == 0.05);
  CHECK(root[2].config.training.learning_rate == 0.2);
  // A value given for the run itself is kept.
  const std::vector<Job> given =
      jobs(grid + "}\n  include:\n    - {training.batch: 200, training.learning_rate: 0.3}\n");
  CHECK(given[3].config.training.learning_rate == 0.3);
}

TEST_CASE("impossible sweeps are refused") {
  const auto refused = [](const std::string& yaml) {
    return testing::message_of<UsageError>([&] { jobs(yaml); });
  };
  CHECK(testing::contains(
      refused("sweep:\n  grid:\n    training.batch: [1]\n  exclude:\n    - {training.batch: 1}\n"),
      "excludes every job"));
  CHECK(refused("sweep:\n  grid:\n    training.batch: [1, 2]\n  exclude:\n    - {training.batch: 2}\n"
                "    - {training.batch: 20, network.architecture: resnet32}\n") ==
        "sweep.exclude: no job of the grid has training.batch: 20, network.architecture: resnet32; remove or "
        "correct this entry");
  CHECK(testing::contains(
      refused("sweep:\n  include:\n    - {training.batch: 100}\n    - {training.batch: 100, "
              "training.batch: 100}\n"),
      "twice"));
  // A rule that would give half a batch is refused.
  CHECK(testing::contains(
      refused("training: {batch: 5}\nsweep:\n  grid:\n    training.iterations: [1, 2]\n  rules:\n"
              "    - {set: training.batch, proportional_to: training.iterations, at: 2}\n"),
      "training.batch"));
}

TEST_CASE("a combination for which a rule gives an impossible value is refused by name, unless excluded") {
  const std::string yaml =
      "training: {batch: 5}\nsweep:\n  grid:\n    training.iterations: [1, 2]\n  rules:\n"
      "    - {set: training.batch, proportional_to: training.iterations, at: 2}\n";
  const std::string message = testing::message_of<UsageError>([&] { jobs(yaml); });
  CHECK(testing::contains(message, "iterations1: sweep.rules: training.batch"));
  CHECK(testing::contains(message, "leave the combination out with sweep.exclude"));
  CHECK(names(yaml + "  exclude:\n    - {training.iterations: 1}\n") == Names{"iterations2"});
}

TEST_CASE("a sweep has at most a thousand jobs, and a small file with a huge grid is refused at once") {
  const auto refused = [](const std::string& yaml) {
    return testing::message_of<UsageError>([&] { jobs(yaml); });
  };
  const auto seeds = [](int count) {
    std::string list = "1";
    for (int seed = 2; seed <= count; ++seed) list += "," + std::to_string(seed);
    return "[" + list + "]";
  };
  const std::string grid = "sweep:\n  grid:\n    training.seed: ";
  CHECK(jobs(grid + seeds(1000) + "\n").size() == 1000);
  CHECK(refused(grid + seeds(1001) + "\n") ==
        "the sweep's grid has more than 1,000 combinations, which is the limit of one sweep; divide it into "
        "several files");
  std::string large = grid + seeds(100);  // 100^8
  for (const char* key :
       {"batch", "iterations", "threads", "rank_timeout", "learning_rate", "weight_decay"}) {
    large += std::string("\n    training.") + key + ": " + seeds(100);
  }
  CHECK(testing::contains(refused(large + "\n    log.every: " + seeds(100) + "\n"),
                          "more than 1,000 combinations"));
  CHECK(testing::contains(refused(grid + seeds(1000) + "\n  include:\n    - {training.batch: 5}\n"),
                          "has 1,001 jobs"));
}

TEST_CASE("names that are too long for directories are refused") {
  const std::string folder(300, 'a');
  const std::string message = testing::message_of<UsageError>(
      [&] { jobs("sweep:\n  grid:\n    dataset.directory: [" + folder + "]\n"); });
  CHECK(testing::contains(message, "too long for a folder (309 characters)"));
}

TEST_CASE("an empty list is a valid value") {
  const std::vector<Job> all = jobs("sweep:\n  grid:\n    training.decay_at: [[], [0.5]]\n");
  CHECK(all[0].config.training.decay_at.empty());
  CHECK(all[1].config.training.decay_at == std::vector<double>{0.5});
}

TEST_CASE("a grid can vary units and widths of a network") {
  const std::vector<Job> of_network = jobs(
      "network: {architecture: revnet38}\n"
      "sweep: {grid: {network.units: [[3, 3, 3], [5, 5, 5]], network.widths: [[32, 64, 112]]}}\n");
  REQUIRE(of_network.size() == 2);
  CHECK(of_network[1].name == "units5_5_5-widths32_64_112");
  CHECK(of_network[1].config.network.units == std::vector<std::int64_t>{5, 5, 5});
}

TEST_CASE("names are fit for use as directories") {
  CHECK(names("sweep:\n  grid:\n    training.decay_at: [0.5]\n    dataset.directory: [/a b]\n") ==
        Names{"decay_at0.5-directory_a_b"});
}

}  // namespace
}  // namespace revnet
