// A run killed at a chosen moment, without a chance to clean up, can be read and resumed. torture_test.cpp
// chooses moments at random.
#include <csignal>
#include <functional>
#include <optional>

#include <doctest/doctest.h>

#include "end_to_end/runs.h"

using namespace revnet;
using namespace revnet::testing;
namespace fs = std::filesystem;

namespace {

using Moment = std::function<bool()>;

Arguments fresh(const std::string& run) {
  return {"synthetic",
          "--arch",
          "resnet32",
          "--set",
          "network.units=1,1,1",
          "--batch",
          "20",
          "--iterations",
          "60",
          "--log-every",
          "1",
          "--checkpoint-every",
          "1",
          "--eval-every",
          "30",
          "--run-dir",
          run};
}

const Arguments resume{"synthetic", "--run-dir", "run", "--resume"};

// Whatever files a kill leaves must open, and the log must not lag behind the checkpoint.
void check_readable(const fs::path& run) {
  std::optional<RunLog> log;
  if (fs::exists(run / "run.h5")) {
    log = open_log(run);
    CHECK(log->status() == RunStatus::running);
  }
  if (!fs::exists(run / "checkpoint.h5")) return;
  const std::int64_t saved = open_checkpoint(run).iteration;
  REQUIRE(log.has_value());
  const std::int64_t logged = log->train().empty() ? 0 : log->train().back().iteration;
  CHECK(logged >= saved);
}

// Starts or resumes a run, kills it at the moment, and checks the files that it leaves.
void kill_at(const fs::path& folder, const Arguments& arguments, const Moment& moment) {
  Process process("revnet-train", folder, arguments);
  const bool running = process.reaches(moment);
  process.send(SIGKILL);
  const Outcome outcome = process.wait();
  REQUIRE_MESSAGE(running, outcome.text());
  CHECK(outcome.signal == SIGKILL);
  check_readable(folder / "run");
}

void finish(const fs::path& folder, const Arguments& arguments) {
  succeeded(train(folder, arguments));
}

}  // namespace

TEST_CASE("a run killed at every kind of moment ends like an undisturbed one") {
  TemporaryDirectory folder;
  finish(folder.path(), fresh("whole"));
  const auto appears = [&](const std::string& name) {
    return Moment([path = folder / name] { return fs::exists(path); });
  };
  const auto saved = [&](std::int64_t iteration) {
    return Moment([run = folder / "run", iteration] { return saved_iterations(run) >= iteration; });
  };
  // The same command starts a run or resumes it, for a kill may come before there is a run to resume.
  const Arguments start = join(fresh("run"), {"--resume"});
  for (const std::string name : {"run", "run/run.lock", "run/config.yaml", "run/run.log", "run/run.h5.tmp",
                                 "run/run.h5", "run/checkpoint.h5.tmp", "run/checkpoint.h5"}) {
    CAPTURE(name);
    kill_at(folder.path(), start, appears(name));
  }
  for (const std::string name : {"run/checkpoint.h5.tmp", "run/run.h5.tmp", "run/checkpoint.h5.tmp"}) {
    CAPTURE(name);
    const std::int64_t so_far = saved_iterations(folder / "run");
    kill_at(folder.path(), resume, saved(so_far + 3));
    // Without the killed process's temporary file, the next kill waits for the new process to write one.
    fs::remove(folder / name);
    kill_at(folder.path(), resume, appears(name));
  }
  finish(folder.path(), resume);
  CHECK(first_difference(folder / "whole", folder / "run") == "");
  // No temporary file may remain.
  for (const auto& [name, bytes] : snapshot(folder / "run")) CHECK_FALSE(name.ends_with(".tmp"));
}
