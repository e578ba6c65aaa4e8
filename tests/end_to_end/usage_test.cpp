// The command line refuses mistakes with one line and exit code 2, writes nothing, and explains itself.
#include <doctest/doctest.h>

#include "end_to_end/runs.h"

using namespace revnet;
using namespace revnet::testing;

namespace {

// Requires that revnet-train refuses the arguments in one line that contains all of `words`.
void check_refused(const Arguments& arguments, const Arguments& words, const Environment& environment = {}) {
  TemporaryDirectory folder;
  write_file(folder / "good.yaml", "training:\n  batch: 10\n");
  write_file(folder / "key.yaml", "name: a test\ntraining:\n  iterations: 2\n  learning_rat: 0.2\n");
  write_file(folder / "section.yaml", "trainin:\n  batch: 2\n");
  write_file(folder / "value.yaml", "training:\n  batch: many\n");
  write_file(folder / "broken.yaml", "training: [1, 2\n");
  const auto before = snapshot(folder.path());
  const Outcome outcome = train(folder.path(), arguments, environment);
  CHECK_MESSAGE(outcome.exit_code == 2, outcome.text());
  CHECK_MESSAGE(is_one_line(outcome.err), outcome.text());
  CHECK_MESSAGE(outcome.err.starts_with("revnet-train: "), outcome.text());
  CHECK(outcome.out.empty());
  for (const std::string& word : words) {
    CAPTURE(word);
    CHECK_MESSAGE(contains(outcome.err, word), outcome.text());
  }
  CHECK(snapshot(folder.path()) == before);
}

}  // namespace

TEST_CASE("a bad experiment file is refused with file, line and the nearest key") {
  check_refused({"synthetic", "--config", "key.yaml"}, {"key.yaml:4", "learning_rat", "learning_rate"});
  check_refused({"synthetic", "--config", "section.yaml"}, {"section.yaml:1", "training"});
  check_refused({"synthetic", "--config", "value.yaml"}, {"value.yaml:2", "training.batch", "many"});
  check_refused({"synthetic", "--config", "broken.yaml"}, {"broken.yaml"});
}

TEST_CASE("an unknown network, data set, option or value is refused") {
  check_refused({"synthetic", "--arch", "revnet83"}, {"revnet83", "revnet38"});
  check_refused({"synthetic", "--arch", "resnet32", "--activations", "reconstructed"}, {"resnet32"});
  check_refused({"cifar1000"}, {"cifar1000", "cifar100"});
  check_refused({"synthetic", "--iteration", "5"}, {"--iteration"});
  check_refused({"synthetic", "--run-dir", "--resume"}, {"--run-dir needs a value, but --resume follows"});
  check_refused({"synthetic", "--config", ""}, {"the value of --config is empty"});
  check_refused({"synthetic", "--keep-best=false"}, {"keep-best", "flag"});
  check_refused({"synthetic", "--batch", "ten"}, {"--batch", "ten"});
  check_refused({"synthetic", "--batch", "0"}, {"--batch", "0"});
  check_refused({"synthetic", "--iterations", "-1"}, {"--iterations", "-1"});
  check_refused({"synthetic", "--iterations", "1e3"}, {"--iterations", "1e3"});
  check_refused({"synthetic", "--activations", "some"}, {"--activations", "stored", "reconstructed"});
  check_refused({"synthetic", "--convolution", "fft"}, {"--convolution", "direct"});
  check_refused({"synthetic", "--threads", "two"}, {"--threads", "two"});
  check_refused({"synthetic", "--seed", "-3"}, {"--seed", "-3"});
  check_refused({"synthetic", "extra"}, {"'extra' was not expected"});
  check_refused({"synthetic", "--aarch", "revnet38"}, {"there is no option --aarch"});
  check_refused({"synthetic"}, {"REVNET_THREADS", "lots"}, {{"REVNET_THREADS", "lots"}});
}

TEST_CASE("malformed or unknown settings in --set are refused") {
  check_refused({"synthetic", "--set", "nonsense"}, {"--set", "nonsense", "key.path=value"});
  check_refused({"synthetic", "--set", "training.momentun=0.8"}, {"training.momentun", "training.momentum"});
  check_refused({"synthetic", "--set", "batch=8"}, {"training.batch"});
  check_refused({"synthetic", "--set", "training.momentum=2"}, {"training.momentum", "2"});
  check_refused({"synthetic", "--set", "training.decay_at=0.7,0.5"}, {"training.decay_at"});
  check_refused({"synthetic", "--set"}, {"--set"});
}

TEST_CASE("incomplete and contradictory options are refused") {
  check_refused({}, {"dataset"});
  check_refused({"--arch", "revnet38"}, {"dataset"});
  check_refused({"--resume"}, {"dataset", "--run-dir"});
  check_refused({"--resume", "--run-dir", "none"}, {"none", "no run to resume"});
  check_refused({"--evaluate", "--run-dir", "none"}, {"none/checkpoint.h5 is missing"});
  check_refused({"synthetic", "--per-class"}, {"--evaluate"});
  check_refused({"--evaluate", "--run-dir", "none", "--lr", "0.2"}, {"--lr changes nothing with --evaluate"});
  check_refused({"--evaluate", "--run-dir", "none", "--set", "training.momentum = 0.8"},
                {"--set training.momentum changes nothing with --evaluate"});
  check_refused({"--evaluate", "--run-dir", "none", "--set", "training.btach=50"},
                {"unknown", "training.batch"});
  check_refused({"--evaluate", "--run-dir", "none", "--set", " training.batch = 50"},
                {"none/checkpoint.h5 is missing"});
  check_refused({"synthetic", "--epochs", "1", "--iterations", "7"}, {"--iterations excludes --epochs"});
  check_refused({"--evaluate", "--run-dir", "none", "--resume"}, {"--evaluate", "--resume"});
  check_refused({"synthetic", "--resume", "--force", "--run-dir", "none"}, {"--force", "--resume"});
  check_refused({"--evaluate", "--checkpoint", "none", "--run-dir", "none"}, {"--checkpoint", "--run-dir"});
  check_refused({"synthetic", "--batch", "4", "--batch", "5"}, {"--batch is given twice"});
}

TEST_CASE("a missing configuration file gives one line of error") {
  TemporaryDirectory folder;
  const Outcome outcome = train(folder.path(), {"synthetic", "--config", "none.yaml"});
  CHECK((outcome.exit_code == 1 || outcome.exit_code == 2));
  CHECK(is_one_line(outcome.err));
  CHECK(contains(outcome.err, "none.yaml"));
  CHECK(snapshot(folder.path()).empty());
}

TEST_CASE("--help lists every option and --version prints the version") {
  TemporaryDirectory folder;
  const Outcome help = train(folder.path(), {"--help"});
  CHECK(help.exit_code == 0);
  CHECK(help.err.empty());
  for (const std::string option :
       {"cifar10",      "--arch",       "--activations",      "--iterations",  "--batch",    "--seed",
        "--threads",    "--eval-every", "--checkpoint-every", "--convolution", "--data-dir", "--run-dir",
        "--resume",     "--force",      "--config",           "--set",         "--dry-run",  "--log-every",
        "--validation", "--version",    "Exit codes"}) {
    CAPTURE(option);
    CHECK(contains(help.out, option));
  }
  const Outcome version = train(folder.path(), {"--version"});
  CHECK(version.exit_code == 0);
  CHECK(is_one_line(version.out));
  CHECK(version.out.starts_with("revnet-train "));
  CHECK(version.out.find_first_of("0123456789") != std::string::npos);
  CHECK(snapshot(folder.path()).empty());
}
