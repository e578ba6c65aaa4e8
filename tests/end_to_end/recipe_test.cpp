// A recipe with every option that is off by default, as a user runs it.
#include <sstream>

#include <doctest/doctest.h>

#include "end_to_end/runs.h"
#include "settings/config_schema.h"

namespace revnet::testing {
namespace {

TEST_CASE("--help-settings shows every setting with its default, and starts nothing") {
  const TemporaryDirectory folder;
  const Outcome outcome = succeeded(train(folder.path(), {"--help-settings"}));
  CHECK(outcome.err.empty());
  for (const Setting& setting : settings()) {
    CAPTURE(setting.key);
    CHECK(contains(outcome.out, "  " + setting.key + "=" + setting.yaml(Config{}) + "\n"));
  }
  CHECK(contains(outcome.out, "a number, more than 0; also --lr\n"));
  CHECK(snapshot(folder.path()).empty());
}

TEST_CASE("recipe options are recorded as settings, and epochs as iterations") {
  const TemporaryDirectory folder;
  const Outcome plan =
      succeeded(train(folder.path(), {"cifar10", "--dry-run", "--lr", "0.4", "--weight-decay", "5e-4",
                                      "--epochs", "2", "--batch", "128"}));
  CHECK(contains(plan.out, "  iterations: 781\n"));
  CHECK(contains(plan.out, "  learning_rate: 0.4\n"));
  CHECK(contains(plan.out, "  weight_decay: 5.0e-04\n"));
  const Outcome wrong = train(folder.path(), {"cifar10", "--set", "training.lr=1"});
  CHECK(wrong.exit_code == 2);
  CHECK(contains(wrong.err, "unknown key 'training.lr' (did you mean 'training.learning_rate'?)"));
}

#ifdef REVNET_MPIRUN
// metrics.csv without its last column, which holds seconds and so differs from run to run.
std::string metrics_of(const std::filesystem::path& run) {
  std::string text;
  std::istringstream in(read_file(run / "metrics.csv"));
  for (std::string line; std::getline(in, line);) text += line.substr(0, line.rfind(',')) + "\n";
  return text;
}

TEST_CASE("a run with every recipe option resumes bit for bit on two ranks") {
  const TemporaryDirectory folder;
  const auto train_on_two = [&](const Arguments& arguments) {
    const Outcome outcome = succeeded(
        Process(REVNET_MPIRUN, folder.path(),
                join({"--oversubscribe", "-n", "2", REVNET_BIN_DIR "/revnet-train", "synthetic", "--run-dir"},
                     arguments),
                for_mpirun(folder.path()))
            .wait());
    return outcome;
  };
  write_file(folder / "recipe.yaml",
             "network: {architecture: resnet32}\n"
             "training: {iterations: 4, batch: 16, micro_batch: 4, schedule: cosine, warmup_iterations: 2, "
             "base_batch: 8,\n"
             "           nesterov: true, label_smoothing: 0.1, average_decay: 0.9}\n"
             "batch_norm: {evaluation: recalibrated, recalibration_batches: 2}\n"
             "evaluation: {every: 2, images: 50}\nlog: {every: 1, tensorboard: true}\n"
             "checkpoint: {every: 1, keep: true}\n");
  const Outcome whole = train_on_two({"whole", "--config", "recipe.yaml"});
  CHECK(contains(whole.out, "averaged weights"));
  CHECK(contains(whole.err, " % of 50 images, cross entropy "));
  CHECK(contains(whole.err, " with averaged weights"));
  const RunLog log = open_log(folder / "whole");
  REQUIRE(log.eval().size() == 2);
  CHECK(log.eval_average().size() == 2);
  REQUIRE(log.train().size() == 4);
  CHECK(log.train()[0].learning_rate == doctest::Approx(0.1));  // 0.1 * 16 / 8, half of it
  CHECK(log.train()[3].learning_rate == doctest::Approx(0.1));  // the middle of the cosine
  CHECK(std::filesystem::exists(folder / "whole/tensorboard/events.out.tfevents.revnet"));

  std::filesystem::copy(folder / "whole", folder / "run", std::filesystem::copy_options::recursive);
  std::filesystem::copy_file(folder / "whole/checkpoints/2.h5", folder / "run/checkpoint.h5",
                             std::filesystem::copy_options::overwrite_existing);
  train_on_two({"run", "--resume"});
  CHECK(first_difference(folder / "whole", folder / "run") == "");
  CHECK(metrics_of(folder / "whole") == metrics_of(folder / "run"));
}
#endif

}  // namespace
}  // namespace revnet::testing
