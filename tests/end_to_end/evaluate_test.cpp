// Evaluating the weights of a run, and initializing another run with them.
#include <doctest/doctest.h>

#include "end_to_end/runs.h"
#include "record/hdf5.h"

using namespace revnet;
using namespace revnet::testing;

TEST_CASE("a run is evaluated image by image, and its weights are refused for another architecture") {
  TemporaryDirectory folder;
  // The 2,000 images end with a partial batch.
  const Arguments settings{"synthetic", "--arch", "resnet32",
                           "--batch",   "48",     "--iterations",
                           "2",         "--set",  "training.average_decay=0.5"};
  const Outcome trained =
      succeeded(train(folder.path(), join(settings, {"--run-dir", "run", "--keep-best"})));
  const std::string result = trained.out.substr(0, trained.out.find(", after iteration"));
  const auto before = snapshot(folder / "run");
  CHECK(before.count("best.h5") == 1);

  const Outcome evaluated = succeeded(train(
      folder.path(), {"--run-dir", "run", "--evaluate", "--per-class", "--predictions", "predictions.h5"}));
  CHECK_MESSAGE(evaluated.out.starts_with(result + "\n"), evaluated.text());
  const std::string averaged = trained.out.substr(trained.out.find("averaged weights  "));
  CHECK(contains(evaluated.out, averaged.substr(0, averaged.find('\n') + 1)));
  CHECK(contains(evaluated.out, "run/checkpoint.h5, after iteration 2\n"));
  CHECK(contains(evaluated.out, "class  images  errors"));
  CHECK_FALSE(contains(evaluated.out, "top-5"));
  CHECK(evaluated.err.empty());
  const hdf5::Reader file(folder / "predictions.h5");
  const EvalRow row = open_log(folder / "run").eval().back();
  CHECK(file.double_attribute("/", "error_percent") == row.error_percent);
  CHECK(file.double_attribute("/", "cross_entropy") == row.cross_entropy);
  const std::vector<std::int64_t> labels = file.integers("labels"),
                                  predictions = file.integers("predictions");
  REQUIRE(labels.size() == 2000);
  REQUIRE(predictions.size() == 2000);
  int errors = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) errors += labels[i] != predictions[i] ? 1 : 0;
  CHECK(errors / 20.0 == doctest::Approx(row.error_percent));
  CHECK(file.floats("logits").shape == std::vector<std::int64_t>{2000, 10});
  CHECK(snapshot(folder / "run") == before);
  check_refused("revnet-train", folder.path(),
                {"--run-dir", "run", "--evaluate", "--predictions", "run/best.h5"},
                "--predictions: run/best.h5 already exists");
  check_refused("revnet-train", folder.path(), {"--run-dir", "run", "--evaluate", "--arch", "revnet164"},
                "run/checkpoint.h5: network.architecture is resnet32, not revnet164; leave it out");

  const Arguments initialized{"synthetic", "--arch", "revnet38",          "--batch",    "50",
                              "--run-dir", "other",  "--initialize-from", "run/best.h5"};
  const Outcome other = train(folder.path(), initialized);
  CHECK(other.exit_code == 1);
  CHECK_MESSAGE(is_one_line(other.err), other.text());
  CHECK(contains(other.err, "run/best.h5: /parameters/stem/conv/weight has shape"));
  const Outcome plan = train(folder.path(), join(initialized, {"--dry-run"}));
  CHECK(plan.exit_code == 1);
  CHECK(plan.err == other.err);
  CHECK_FALSE(std::filesystem::exists(folder / "other"));
}
