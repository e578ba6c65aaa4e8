#include "settings/sweep_file.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "base/utf8.h"
#include "files.h"

namespace revnet {
namespace {

using testing::contains;
using testing::message_of;

constexpr const char* example = R"(name: example
training:
  iterations: 300
sweep:
  grid:
    network.architecture: [resnet32, revnet38]
    training.batch: [16, 32]
  exclude:
    - {network.architecture: revnet38, training.batch: 16}
  include:
    - network.architecture: revnet110
      training.decay_at: [0.25, 0.5]
  rules:
    - {set: training.learning_rate, proportional_to: training.batch, at: 100, power: 0.5}
)";

TEST_CASE("a sweep file is read") {
  const SweepFile sweep = read_sweep_text(example, "sweep.yaml");
  CHECK(sweep.base.name == "example");
  CHECK(sweep.base.training.iterations == 300);
  REQUIRE(sweep.grid.size() == 2);
  CHECK(sweep.grid[0].key == "network.architecture");
  CHECK(sweep.grid[0].values == std::vector<std::string>{"resnet32", "revnet38"});
  CHECK(sweep.grid[1].values == std::vector<std::string>{"16", "32"});
  REQUIRE(sweep.exclude.size() == 1);
  CHECK(sweep.exclude[0] ==
        SweepFile::Assignments{{"network.architecture", "revnet38"}, {"training.batch", "16"}});
  REQUIRE(sweep.include.size() == 1);
  CHECK(sweep.include[0][1] == std::pair<std::string, std::string>{"training.decay_at", "0.25,0.5"});
  REQUIRE(sweep.rules.size() == 1);
  CHECK(sweep.rules[0].set == "training.learning_rate");
  CHECK(sweep.rules[0].proportional_to == "training.batch");
  CHECK(sweep.rules[0].at == 100);
  CHECK(sweep.rules[0].power == 0.5);
}

TEST_CASE("a single run reads the settings around the section sweep") {
  Config config;
  read_config_text(config, example, "sweep.yaml");
  CHECK(config.training.iterations == 300);
  const SweepFile none = read_sweep_text("name: one\n", "one.yaml");
  CHECK(none.grid.empty());
  CHECK(none.include.empty());
}

TEST_CASE("a wrong sweep file is refused with its line") {
  const auto refused = [](const std::string& yaml) {
    return message_of<UsageError>([&] { read_sweep_text(yaml, "s.yaml"); });
  };
  const auto check = [&](const std::string& section, const std::string& line, const std::string& why) {
    const std::string message = refused("sweep:\n" + section);
    CAPTURE(message);
    CHECK(contains(message, "s.yaml:" + line + ": "));
    CHECK(contains(message, why));
    CHECK(testing::is_one_line(message));
  };
  check("  gird: {}\n", "2", "allowed: grid, exclude, include, rules");
  check("  grid:\n    training.bach: [1]\n", "3", "training.batch");
  check("  grid:\n    training.batch: [1, 0]\n", "3", "training.batch");
  check("  grid:\n    training.batch: 16\n", "3", "list");
  check("  grid:\n    training.batch: []\n", "3", "list");
  check("  grid:\n    training.batch: [1]\n    training.batch: [2]\n", "4", "twice");
  check("  grid: [1]\n", "2", "map");
  check("  exclude: {training.batch: 1}\n", "2", "list");
  check("  include:\n    - {}\n", "3", "no setting");
  check("  rules:\n    - {set: training.learning_rate, at: 3}\n", "3", "needs");
  check("  rules:\n    - {set: network.architecture, proportional_to: training.batch, at: 3}\n", "3",
        "not a number");
  check("  rules:\n    - {set: training.momentum, proportional_to: training.schedule, at: 1}\n", "3",
        "training.schedule is not a number");
  check("  rules:\n    - {set: training.learning_rate, proportional_to: training.batch, at: x}\n", "3",
        "number");
  check("  rules:\n    - {set: training.learning_rate, proportional_to: training.batch, at: 0}\n", "3",
        "more than 0");
  check("  rules:\n    - {set: training.learning_rate, over: 3}\n", "3", "proportional_to");
  CHECK(contains(refused("sweep: 3\n"), "map"));
  CHECK(contains(refused("sweep: {}\nsweep: {}\n"), "twice"));
}

TEST_CASE("a list in a grid is one value with separate items") {
  const auto values = [](const std::string& list) {
    return read_sweep_text("sweep:\n  grid:\n    training.decay_at: " + list + "\n", "s.yaml").grid[0].values;
  };
  CHECK(values("[[0.25, 0.5], [], 0.5]") == std::vector<std::string>{"0.25,0.5", "[]", "0.5"});
  const auto refused = [&](const std::string& list) { return message_of<UsageError>([&] { values(list); }); };
  CHECK(contains(refused("[[\"0.25,0.5\"]]"), "'0.25,0.5' is not a number"));
  CHECK(contains(refused("[\"0.25,0.5\"]"), "'0.25,0.5' is not a number"));
  CHECK(contains(refused("[[\"[0.25\", \"0.5]\"]]"), "'[0.25' is not a number"));
  CHECK(contains(message_of<UsageError>(
                     [] { read_sweep_text("sweep: {grid: {dataset.directory: [[a, b]]}}\n", "s.yaml"); }),
                 "'[a, b]' is a list, not text"));
}

TEST_CASE("whatever a sweep's keys contain, the refusal is one printable line") {
  for (const char* section : {"\"a\\nb\": 1", "grid: {\"a\\eb\": [1]}", "grid: {\"a\\nb\": 1}",
                              "slurm: {\"\\x85\": 1}", "rules: [{set: \"a\\nb\"}]", "rules: [{\"a\\rb\": 1}]",
                              "include: [{\"a\\nb\": 1, \"a\\nb\": 1}]", "grid: {\"a\\nb\": [{}]}"}) {
    CAPTURE(section);
    const std::string message =
        message_of<UsageError>([&] { read_sweep_text(std::string("sweep: {") + section + "}\n", "s.yaml"); });
    CAPTURE(message);
    CHECK(message.starts_with("s.yaml:1: "));
    CHECK(testing::is_one_line(message));
    CHECK(first_unprintable(message) == std::string::npos);
    CHECK_FALSE(contains(message, "\r"));
  }
}

}  // namespace
}  // namespace revnet
