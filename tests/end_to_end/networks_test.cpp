// A ResNet and a RevNet train to the end, and both activation modes of the RevNet begin with the same loss.
#include <cmath>
#include <csignal>

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

// The cross entropy of the first batch. The run is stopped after it to save the final evaluation.
double first_loss_when_stored(const std::filesystem::path& folder, const std::string& architecture) {
  Process process(
      "revnet-train", folder,
      join(settings(architecture, "1000", "stored"), {"--activations", "stored", "--checkpoint-every", "1"}));
  process.reaches([&] { return saved_iterations(folder / "stored") >= 1; });
  process.send(SIGTERM);
  const Outcome outcome = process.wait();
  REQUIRE_MESSAGE(outcome.exit_code == 3, outcome.text());
  CHECK(name(open_config(folder / "stored").network.activations) == "stored");
  return open_log(folder / "stored").train().at(0).cross_entropy;
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
  if (!reversible) return;
  // The forward pass does not depend on the activation mode.
  CHECK(first_loss_when_stored(folder.path(), architecture) == log.train()[0].cross_entropy);
}

}  // namespace

TEST_CASE("resnet32 trains") {
  train_and_check("resnet32", false);
}
TEST_CASE("revnet38 trains in both modes") {
  train_and_check("revnet38", true);
}

TEST_CASE("a ResNet cannot reconstruct its activations") {
  TemporaryDirectory folder;
  const Outcome outcome =
      train(folder.path(), {"synthetic", "--arch", "resnet32", "--activations", "reconstructed"});
  CHECK(outcome.exit_code == 2);
  CHECK(is_one_line(outcome.err));
  CHECK(contains(outcome.err, "resnet32"));
  CHECK(snapshot(folder.path()).empty());
}
