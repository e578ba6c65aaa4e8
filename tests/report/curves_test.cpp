#include "report/curves.h"

#include <doctest/doctest.h>

#include "report/support.h"

namespace revnet {
namespace {

using testing::record;

TEST_CASE("a name says only what distinguishes the runs") {
  std::vector<RunRecord> runs{
      record("resnet32", "cifar10", 1, 8000, 14), record("revnet38", "cifar10", 1, 8000, 13),
      record("revnet38", "cifar10", 2, 8000, 13), record("revnet38", "cifar10", 2, 80'000, 7),
      record("other", "cifar10", 1, 8000, 13)};
  CHECK(short_names(runs) ==
        std::vector<std::string>{"ResNet-32, iterations 8000, seed 1", "RevNet-38, iterations 8000, seed 1",
                                 "RevNet-38, iterations 8000, seed 2", "RevNet-38, iterations 80000, seed 2",
                                 "other, iterations 8000, seed 1"});
  runs = {runs[0], runs[1]};  // their activations follow from their networks
  CHECK(short_names(runs) == std::vector<std::string>{"ResNet-32", "RevNet-38"});
  runs[1] = runs[0];
  runs[1].config.training.learning_rate = 0.02;
  CHECK(short_names(runs) == std::vector<std::string>{"learning rate 0.1", "learning rate 0.02"});
  runs = {runs[0], runs[0]};
  runs[1].directory = "runs/y";
  CHECK(short_names(runs) == std::vector<std::string>{"ResNet-32, runs/x", "ResNet-32, runs/y"});
  runs[1].config.network.coupling = Config::Network::Coupling::exact;
  runs.push_back(runs[1]);
  runs[2].config.network.grid_bits = 10;
  CHECK(short_names(runs) == std::vector<std::string>{"float", "exact, grid bits 13", "exact, grid bits 10"});
  CHECK(short_names({}).empty());
}

TEST_CASE("each data set has curves, and runs without rows have none") {
  RunRecord empty = record("revnet38", "cifar100", 1, 8000, 13);
  empty.train.clear();
  empty.eval.clear();
  const auto all = training_curves(
      {record("resnet32", "synthetic", 1, 8000, 14), empty, record("revnet38", "cifar10", 1, 8000, 13)});
  REQUIRE(all.size() == 2);
  CHECK(all[0].dataset == "CIFAR-10");
  CHECK(all[1].dataset == "synthetic");
  REQUIRE(all[0].error.series.size() == 1);
  const CurvePair& series = all[0].error.series[0];
  CHECK(series.name == "RevNet-38");
  CHECK(series.dotted.x == std::vector<double>{8000});
  CHECK(series.dotted.y == std::vector<double>{2});
  CHECK(series.solid.y == std::vector<double>{13});
  CHECK(all[0].cross_entropy.series[0].solid.y == std::vector<double>{0.3});
  CHECK(training_curves({empty}).empty());
}

TEST_CASE("more runs than styles need more charts") {
  std::vector<RunRecord> runs;
  for (std::size_t seed = 1; seed <= chart_styles + 1; ++seed) {
    runs.push_back(record("resnet32", "cifar10", seed, 8000, 14));
  }
  const auto all = training_curves(runs);
  REQUIRE(all.size() == 2);
  CHECK(all[0].error.series.size() == chart_styles);
  CHECK(all[1].error.series.size() == 1);
  CHECK(all[1].error.series[0].name == "seed 9");
}

}  // namespace
}  // namespace revnet
