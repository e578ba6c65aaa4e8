// How runs end when they diverge or receive a signal, and what they print on stdout and stderr.
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <thread>

#include <doctest/doctest.h>

#include "end_to_end/runs.h"

using namespace revnet;
using namespace revnet::testing;
namespace fs = std::filesystem;

TEST_CASE("a run that diverges says so and keeps its last checkpoint") {
  TemporaryDirectory folder;
  const Outcome outcome =
      train(folder.path(), {"synthetic", "--arch", "resnet32", "--batch", "10", "--iterations", "30", "--set",
                            "training.learning_rate=1e30", "--set", "log.every=1", "--run-dir", "run"});
  CHECK_MESSAGE(outcome.exit_code == 4, outcome.text());
  CHECK(outcome.out.empty());
  CHECK(contains(outcome.err, "diverged"));
  CHECK(contains(outcome.err, "smaller learning rate (--lr)"));
  CHECK(outcome.err.find("diverged") == outcome.err.rfind("diverged"));  // printed once
  CHECK(contains(read_file(folder / "run/run.log"), "diverged"));
  const RunLog log = open_log(folder / "run");
  CHECK(log.status() == RunStatus::diverged);
  CHECK_FALSE(log.train().empty());
  for (const TrainRow& row : log.train()) CHECK(std::isfinite(row.cross_entropy));
  const Checkpoint checkpoint = open_checkpoint(folder / "run");
  CHECK(checkpoint.iteration == 0);
  for (const NamedArray& array : checkpoint.parameters) {
    for (const float value : array.values) REQUIRE(std::isfinite(value));
  }
}

TEST_CASE("stdout holds only results, those of an interrupted run included") {
  TemporaryDirectory folder;
  const Arguments arguments{"synthetic", "--arch",      "resnet32",     "--batch", "50",
                            "--set",     "log.every=1", "--eval-every", "0",       "--checkpoint-every",
                            "1"};
  const Outcome whole =
      succeeded(train(folder.path(), join(arguments, {"--iterations", "3", "--run-dir", "whole"})));
  CHECK(whole.out.starts_with("test error "));
  CHECK_FALSE(contains(whole.out, "it/s"));
  CHECK_FALSE(contains(whole.out, "\r"));
  CHECK_FALSE(contains(whole.out, "\033"));
  CHECK(contains(whole.err, "3/3"));
  CHECK_FALSE(contains(whole.err, "\033"));  // no progress bar without a terminal
  CHECK(contains(read_file(folder / "whole/run.log"), "3/3"));
  // The summary must show the error that the log records.
  const RunLog log = open_log(folder / "whole");
  char error[64];
  std::snprintf(error, sizeof error, "%.2f %% of 2,000 images", log.eval().back().error_percent);
  CHECK(contains(whole.out, error));
  CHECK(contains(whole.out, "after iteration 3 (last row of the log)"));

  Process process("revnet-train", folder.path(),
                  join(arguments, {"--iterations", "1000", "--run-dir", "part"}));
  REQUIRE(process.reaches([&] { return saved_iterations(folder / "part") >= 1; }));
  process.send(SIGINT);
  const Outcome part = process.wait();
  CHECK_MESSAGE(part.exit_code == 3, part.text());
  CHECK_FALSE(contains(part.out, "it/s"));
  CHECK(contains(part.out, "of 1000 iterations"));
}

TEST_CASE("a signal ends a run within two steps") {
  std::signal(SIGHUP, SIG_DFL);  // under nohup it would be ignored, also by the commands that are started
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
    CAPTURE(signal);
    TemporaryDirectory folder;
    const fs::path run = folder / "run";
    Process process("revnet-train", folder.path(),
                    {"synthetic", "--arch", "resnet32", "--batch", "10", "--iterations", "1000",
                     "--checkpoint-every", "1", "--set", "log.every=1000", "--run-dir", "run"});
    REQUIRE(process.reaches([&] { return saved_iterations(run) >= 2; }));
    // Stopping the process first makes it certain which iteration the signal finds it in.
    process.send(SIGSTOP);
    const std::int64_t before = saved_iterations(run);
    process.send(signal);
    process.send(SIGCONT);
    process.reaches([] { return true; });
    process.send(signal);  // soon after, as timeout(1) does
    const Outcome outcome = process.wait();
    CHECK_FALSE(contains(outcome.out, "training error"));  // the log has no row yet
    CHECK_MESSAGE(outcome.exit_code == 3, outcome.text());
    CHECK(open_checkpoint(run).iteration >= before);
    CHECK(open_checkpoint(run).iteration <= before + 2);
    CHECK(open_log(run).status() == RunStatus::interrupted);
  }
}

TEST_CASE("a signal during an evaluation ends the run and loses no step") {
  TemporaryDirectory folder;
  const fs::path run = folder / "run";
  Process process("revnet-train", folder.path(),
                  {"synthetic", "--arch", "resnet32", "--batch", "10", "--iterations", "2", "--eval-every",
                   "0", "--checkpoint-every", "0", "--run-dir", "run"});
  REQUIRE(process.reaches([&] { return saved_iterations(run) == 2; }));  // before the evaluation
  process.send(SIGINT);
  const Outcome outcome = process.wait();
  CHECK_MESSAGE(outcome.exit_code == 3, outcome.text());
  CHECK(contains(outcome.err, "stopping as soon as possible"));
  CHECK(open_checkpoint(run).iteration == 2);
  CHECK(open_log(run).eval().empty());
  CHECK(open_log(run).status() == RunStatus::interrupted);
  succeeded(train(folder.path(), {"synthetic", "--run-dir", "run", "--resume"}));
  CHECK(open_log(run).eval().size() == 1);
}

// Sends SIGTERM twice, more than a second apart, within one step.
Outcome ended_by_two_signals(const fs::path& folder) {
  Process process("revnet-train", folder,
                  {"synthetic", "--arch", "resnet32", "--batch", "500", "--iterations", "1000", "--run-dir",
                   "run", "--force"});
  REQUIRE(process.reaches([&] { return fs::exists(folder / "run/checkpoint.h5"); }));
  process.send(SIGTERM);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  process.send(SIGSTOP);  // the step lasts as long as it takes
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  process.send(SIGTERM);
  process.send(SIGCONT);
  return process.wait();
}

TEST_CASE("a second signal ends a run at once") {
  const TemporaryDirectory folder;
  Outcome outcome = ended_by_two_signals(folder.path());
  // The step may have ended before the process was stopped.
  for (int again = 0; outcome.exit_code == 3 && again < 4; ++again)
    outcome = ended_by_two_signals(folder.path());
  CHECK(outcome.exit_code == -1);
  CHECK(outcome.signal == SIGTERM);
  CHECK(open_checkpoint(folder / "run").iteration == 0);
}
