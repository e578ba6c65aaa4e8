#include "report/cells.h"

#include <doctest/doctest.h>

#include "files.h"
#include "report/support.h"

namespace revnet {
namespace {

using testing::record;
using In = Place::In;

std::vector<In> places_of(const std::vector<RunRecord>& runs) {
  std::vector<In> places;
  for (const Place& place : place_runs(runs)) places.push_back(place.in);
  return places;
}

TEST_CASE("a cell pools runs that differ only in the seed and in settings without effect") {
  std::vector<RunRecord> runs{record("resnet32", "cifar10", 1, 8000, 14),
                              record("resnet32", "cifar10", 2, 8000, 15)};
  runs[1].config.name = "other";
  runs[1].config.dataset.directory = "/big/disk";
  runs[1].config.training.threads = 7;
  runs[1].config.evaluation.every = runs[1].config.log.every = runs[1].config.checkpoint.every = 3;
  CHECK(places_of(runs) == std::vector<In>{In::cell, In::cell});
  CHECK(runs_of_cell(runs, place_runs(runs), "resnet32", Config::Dataset::Name::cifar10, 8000).size() == 2);
  CHECK(runs_of_cell(runs, place_runs(runs), "resnet32", Config::Dataset::Name::cifar10, 80'000).empty());
  CHECK(left_out_notes(runs, place_runs(runs)).empty());
}

TEST_CASE("runs with another recipe stay out of the cells and are named") {
  const RunRecord paper = record("resnet32", "cifar10", 1, 80'000, 7);
  std::vector<RunRecord> runs(10, paper);
  for (std::size_t i = 1; i < runs.size(); ++i) runs[i].directory = "runs/" + std::to_string(i);
  runs[1].config.training.learning_rate = 0.05;
  runs[2].config.training.batch = 50;
  runs[3].config.dataset.validation = true;
  runs[4].config.training.decay_at.clear();
  runs[5].config.network.activations = Config::Network::Activations::checkpointed;
  runs[6].config.dataset.name = Config::Dataset::Name::synthetic;
  runs[7].status = RunStatus::interrupted;
  runs[7].config.training.seed = 2;
  runs[8].config.training.learning_rate = 0.05;
  runs[9].config.network.units = {4, 4, 4};
  const std::vector<Place> places = place_runs(runs);
  CHECK(places_of(runs) == std::vector<In>{In::cell, In::none, In::none, In::none, In::none, In::none,
                                           In::none, In::cell_when_complete, In::none, In::none});
  CHECK(left_out_notes(runs, places) ==
        std::vector<std::string>{"Left out, since training.learning_rate is 0.05, not 0.1: runs/1, runs/8.",
                                 "Left out, since training.batch is 50, not 100: runs/2.",
                                 "Left out, since dataset.validation is true, not false: runs/3.",
                                 "Left out, since training.decay_at is [], not [0.5, 0.75]: runs/4.",
                                 "Left out, since network.activations is checkpointed, not stored: runs/5.",
                                 "Left out, since the data set is synthetic: runs/6.",
                                 "Left out, since it is not complete (interrupted): runs/7.",
                                 "Left out, since network.units is given, [4, 4, 4]: runs/9."});
}

TEST_CASE("in a cell the engine with more seeds counts, and for each seed the first run") {
  std::vector<RunRecord> runs{
      record("revnet38", "cifar10", 1, 8000, 13), record("revnet38", "cifar10", 2, 8000, 14),
      record("revnet38", "cifar10", 3, 8000, 15), record("revnet38", "cifar10", 2, 8000, 14)};
  runs[0].config.network.engine = Config::Network::Engine::onednn;
  runs[3].directory = "runs/again";
  CHECK(places_of(runs) == std::vector<In>{In::none, In::cell, In::cell, In::none});
  const std::vector<Place> places = place_runs(runs);
  CHECK(places[0].reason == "network.engine is onednn, in the cell fused");
  CHECK(places[3].reason == "it has the settings and the seed of runs/x");
}

TEST_CASE("of two runs with the same seed the complete one counts, and none of ranks or of other images") {
  const RunRecord paper = record("resnet32", "cifar10", 1, 80'000, 7);
  std::vector<RunRecord> runs{paper, paper};
  runs[0].status = RunStatus::interrupted;
  CHECK(places_of(runs) == std::vector<In>{In::none, In::cell});
  runs[0].config.training.seed = 2;
  runs[0].status = RunStatus::diverged;
  CHECK(places_of(runs) == std::vector<In>{In::none, In::cell});
  runs[0].status = RunStatus::complete;
  CHECK(places_of(runs) == std::vector<In>{In::cell, In::cell});
  runs[0].ranks = "4";
  CHECK(places_of(runs) == std::vector<In>{In::none, In::cell});
  runs[0].ranks = "";
  runs.push_back(runs[0]);
  runs[0].images = "a";
  runs[1].images = runs[2].images = "b";
  runs[2].config.training.seed = 3;
  CHECK(places_of(runs) == std::vector<In>{In::none, In::cell, In::cell});
  CHECK(place_runs(runs)[0].reason == "its images are a, in the cell b");
}

}  // namespace
}  // namespace revnet
