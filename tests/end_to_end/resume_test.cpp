// A run that a signal stopped, once resumed, ends like a run that never stopped.
#include <csignal>

#include <doctest/doctest.h>

#include "end_to_end/runs.h"

using namespace revnet;
using namespace revnet::testing;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t iterations = 60;

// These iterations cover shuffling, augmentation and both drops of the learning rate.
Arguments settings(const std::string& architecture, const std::string& run) {
  return {"synthetic",    "--arch", architecture,   "--set", "network.units=1,1,2", "--batch", "20",
          "--iterations", "60",     "--eval-every", "0",     "--run-dir",           run};
}

const Arguments resume{"synthetic", "--run-dir", "run", "--resume"};

// Starts or resumes a run and sends the signal once the checkpoint has reached `iteration`. The run must not
// have ended before. It must then say how to resume and leave a checkpoint.
void interrupt(const fs::path& folder, const Arguments& arguments, std::int64_t iteration, int signal) {
  Process process("revnet-train", folder, arguments);
  const bool running = process.reaches([&] { return saved_iterations(folder / "run") >= iteration; });
  process.send(signal);
  const Outcome outcome = process.wait();
  REQUIRE_MESSAGE(running, outcome.text());
  REQUIRE_MESSAGE(outcome.exit_code == 3, outcome.text());
  CHECK(contains(outcome.err, "--resume"));
  const RunLog log = open_log(folder / "run");
  CHECK(log.status() == RunStatus::interrupted);
  const std::int64_t reached = open_checkpoint(folder / "run").iteration;
  CHECK(reached >= iteration);
  CHECK(reached < iterations);
  for (const TrainRow& row : log.train()) CHECK(row.iteration <= reached);
}

void finish(const fs::path& folder, const Arguments& arguments) {
  succeeded(train(folder, arguments));
}

}  // namespace

TEST_CASE("a run interrupted twice equals an uninterrupted one") {
  TemporaryDirectory folder;
  const Arguments rows{"--set", "log.every=1"};
  finish(folder.path(), join(settings("revnet38", "whole"), rows));
  interrupt(folder.path(), join(settings("revnet38", "run"), join(rows, {"--checkpoint-every", "1"})), 3,
            SIGTERM);
  interrupt(folder.path(), resume, 9, SIGINT);
  finish(folder.path(), resume);
  CHECK(first_difference(folder / "whole", folder / "run") == "");
  CHECK(open_log(folder / "run").train().size() == iterations);

  // Resuming a finished run leaves every file as it is.
  const auto before = snapshot(folder / "run");
  finish(folder.path(), {"--run-dir", "run", "--resume"});
  CHECK(snapshot(folder / "run") == before);
}

TEST_CASE("an interruption between two rows of the log loses nothing of the next row") {
  TemporaryDirectory folder;
  const Arguments rows{"--set", "log.every=13"};
  finish(folder.path(), join(settings("resnet32", "whole"), rows));
  interrupt(folder.path(), join(settings("resnet32", "run"), join(rows, {"--checkpoint-every", "1"})), 5,
            SIGUSR1);
  CHECK(open_checkpoint(folder / "run").progress.at("window_images") > 0);
  finish(folder.path(), resume);
  CHECK(first_difference(folder / "whole", folder / "run") == "");
  CHECK(open_log(folder / "run").train().at(0).iteration == 13);
}

TEST_CASE("a run cannot be resumed with other settings") {
  TemporaryDirectory folder;
  interrupt(folder.path(), join(settings("resnet32", "run"), {"--checkpoint-every", "1"}), 1, SIGTERM);
  const std::string checkpoint = read_file(folder / "run/checkpoint.h5");
  const std::string log = read_file(folder / "run/run.h5");
  const Arguments other = join(resume, {"--batch", "21"});
  const Outcome outcome = train(folder.path(), other);
  CHECK_MESSAGE(outcome.exit_code == 2, outcome.text());
  CHECK_MESSAGE(is_one_line(outcome.err), outcome.text());
  CHECK(train(folder.path(), join(other, {"--dry-run"})).err == outcome.err);
  CHECK(read_file(folder / "run/checkpoint.h5") == checkpoint);
  CHECK(read_file(folder / "run/run.h5") == log);

  // Nor with the log of another run, or without the run's settings.
  succeeded(train(folder.path(), join(settings("resnet32", "other"), {"--seed", "2"})));
  std::filesystem::copy_file(folder / "other/run.h5", folder / "run/run.h5",
                             std::filesystem::copy_options::overwrite_existing);
  const Outcome mixed = train(folder.path(), resume);
  CHECK(mixed.exit_code == 2);
  CHECK(contains(mixed.err, "run/run.h5: training.seed is 2 in this run, not 1"));
  write_file(folder / "run/run.h5", log);
  std::filesystem::remove(folder / "run/config.yaml");
  const Outcome without = train(folder.path(), resume);
  CHECK(without.exit_code == 2);
  CHECK(contains(without.err, "run/config.yaml is missing: restore it from a copy"));
}
