// A ResNet and a RevNet train to the end.
#include <cmath>

#include <doctest/doctest.h>

#include "end_to_end/runs.h"

using namespace revnet;
using namespace revnet::testing;

namespace {

// Most of the time of a whole run goes into evaluating 2,000 images, which large batches make faster.
Arguments settings(const std::string& architecture, const std::string& iterations, const std::string& run) {
  return {"synthetic", "--arch",      architecture, "--batch",   "50", "--iterations",
          iterations,  "--log-every", "1",          "--run-dir", run};
}

void train_and_check(const std::string& architecture, bool reversible) {
  TemporaryDirectory folder;
  const Outcome outcome = succeeded(train(folder.path(), settings(architecture, "2", "run")));
  CHECK(contains(outcome.out, "test error"));
  CHECK(contains(outcome.out, "2 of 2 iterations"));

  const RunLog log = open_log(folder / "run");
  CHECK(log.status() == RunStatus::complete);
  CHECK(log.info().seed == 1);
  CHECK(log.info().threads == open_config(folder / "run").training.threads);
  CHECK(log.info().extra.at("architecture") == architecture);
  REQUIRE(log.train().size() == 2);
  for (const TrainRow& row : log.train()) {
    // An untrained network of ten classes has a loss near log(10), and two steps do not move it far.
    CHECK(row.cross_entropy > 0.5);
    CHECK(row.cross_entropy < 50);
    CHECK(row.error_percent <= 100);
    CHECK(row.learning_rate > 0);
  }
  CHECK(log.train()[1].iteration == 2);
  REQUIRE(log.eval().size() == 1);
  CHECK(log.eval()[0].iteration == 2);
  CHECK(std::isfinite(log.eval()[0].cross_entropy));
  CHECK(log.bytes().at("peak") > 0);
  const Checkpoint checkpoint = open_checkpoint(folder / "run");
  CHECK(checkpoint.iteration == 2);
  CHECK(checkpoint.parameters.size() == checkpoint.momentum.size());

  const std::string own = reversible ? "reconstructed" : "stored";
  CHECK(name(open_config(folder / "run").network.activations) == own);
}

}  // namespace

TEST_CASE("resnet32 trains") {
  train_and_check("resnet32", false);
}
TEST_CASE("revnet38 trains") {
  train_and_check("revnet38", true);
}
