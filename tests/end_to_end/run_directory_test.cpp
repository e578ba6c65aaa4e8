// Which folders a run accepts as its directory, and which it leaves alone.
#include <csignal>

#include <doctest/doctest.h>

#include "end_to_end/runs.h"

using namespace revnet;
using namespace revnet::testing;
namespace fs = std::filesystem;

namespace {

const Arguments settings{"synthetic", "--arch", "resnet32", "--batch", "50"};
const Arguments short_run = join(settings, {"--iterations", "1"});

Arguments in(const std::string& run, const Arguments& more = {}) {
  return join(short_run, join({"--run-dir", run}, more));
}

}  // namespace

TEST_CASE("an existing run is refused, and replaced only with --force") {
  TemporaryDirectory folder;
  succeeded(train(folder.path(), in("run")));
  const auto before = snapshot(folder.path());
  for (const std::string name : {"run/config.yaml", "run/run.log", "run/run.h5", "run/checkpoint.h5"}) {
    CAPTURE(name);
    CHECK(before.count(name) == 1);
  }

  const Outcome refused = train(folder.path(), in("run"));
  CHECK(refused.exit_code == 2);
  CHECK_MESSAGE(is_one_line(refused.err), refused.text());
  CHECK(contains(refused.err, "--resume"));
  CHECK(contains(refused.err, "--force"));
  // The lock file names the last process that asked for it. Everything else must be untouched.
  auto after = snapshot(folder.path());
  after["run/run.lock"] = before.at("run/run.lock");
  CHECK(after == before);

  write_file(folder / "run/notes.txt", "mine");
  succeeded(train(folder.path(), in("run", {"--force", "--seed", "7"})));
  CHECK(open_log(folder / "run").info().seed == 7);
  CHECK(open_config(folder / "run").training.seed == 7);
  CHECK(read_file(folder / "run/notes.txt") == "mine");
}

TEST_CASE("a folder with other files is never touched") {
  TemporaryDirectory folder;
  fs::create_directories(folder / "mine/inner");
  write_file(folder / "mine/config.yaml", "not: ours\n");
  write_file(folder / "mine/thesis.tex", "mine");
  const auto before = snapshot(folder.path());
  for (const Arguments& more : {Arguments{}, Arguments{"--force"}, Arguments{"--resume"}}) {
    const Outcome outcome = train(folder.path(), in("mine", more));
    CHECK_MESSAGE(outcome.exit_code == 2, outcome.text());
    CHECK_MESSAGE(is_one_line(outcome.err), outcome.text());
    CHECK(snapshot(folder.path()) == before);
  }
}

TEST_CASE("a run directory in use is refused, and the error names the process that uses it") {
  TemporaryDirectory folder;
  const Arguments long_run = join(settings, {"--iterations", "1000", "--run-dir", "run"});
  Process first("revnet-train", folder.path(), long_run);
  REQUIRE(first.reaches([&] { return fs::exists(folder / "run/checkpoint.h5"); }));
  // The first process is stopped, so any change must come from the second one.
  first.send(SIGSTOP);
  const auto before = snapshot(folder.path());
  for (const Arguments& more : {Arguments{}, Arguments{"--force"}, Arguments{"--resume"}}) {
    const Outcome second = train(folder.path(), join(long_run, more));
    CHECK_MESSAGE((second.exit_code == 1 || second.exit_code == 2), second.text());
    CHECK_MESSAGE(is_one_line(second.err), second.text());
    CHECK(contains(second.err, "in use by process " + std::to_string(first.id())));
    CHECK(snapshot(folder.path()) == before);
  }
  first.send(SIGCONT);
  first.send(SIGTERM);
  CHECK(first.wait().exit_code == 3);
}

TEST_CASE("a run directory that cannot be created gives one line of error") {
  TemporaryDirectory folder;
  write_file(folder / "file", "in the way");
  for (const std::string run : {"file", "file/run"}) {
    const Outcome outcome = train(folder.path(), in(run));
    CHECK_MESSAGE((outcome.exit_code == 1 || outcome.exit_code == 2), outcome.text());
    CHECK_MESSAGE(is_one_line(outcome.err), outcome.text());
    CHECK(contains(outcome.err, "file"));
    CHECK(outcome.out.empty());
  }
  CHECK(snapshot(folder.path()) == std::map<std::string, std::string>{{"file", "in the way"}});
}

TEST_CASE("without --run-dir, runs are stored under runs") {
  TemporaryDirectory folder;
  const fs::path run = folder / "runs/synthetic-resnet32-seed5";
  Process process("revnet-train", folder.path(), join(settings, {"--iterations", "1000", "--seed", "5"}));
  REQUIRE(process.reaches([&] { return fs::exists(run / "checkpoint.h5"); }));
  process.send(SIGTERM);
  const Outcome outcome = process.wait();
  CHECK_MESSAGE(outcome.exit_code == 3, outcome.text());
  CHECK(contains(outcome.out, "runs/synthetic-resnet32-seed5"));
  CHECK(open_log(run).status() == RunStatus::interrupted);

  // The printed command must be complete: run by a shell as it is, it finds the run.
  const std::size_t at = outcome.err.find("continue with: ");
  REQUIRE(at != std::string::npos);
  const std::string command = outcome.err.substr(at + 15, outcome.err.find('\n', at) - at - 15);
  CHECK(command.ends_with("synthetic --arch resnet32 --batch 50 --iterations 1000 --seed 5 --resume"));
  const Outcome plan =
      succeeded(revnet::testing::run("/bin/sh", folder.path(), {"-c", command + " --dry-run"}));
  CHECK(contains(plan.out, "run_directory: runs/synthetic-resnet32-seed5\n"));
  // Without --iterations, the run keeps its own number.
  const Outcome resumed =
      train(folder.path(), {"synthetic", "--arch", "resnet32", "--seed", "5", "--resume", "--dry-run"});
  CHECK_MESSAGE(contains(resumed.out, "iterations: 1000\n"), resumed.text());
}
