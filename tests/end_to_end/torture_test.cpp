// Runs that are killed again and again at random moments, and runs that are repeated; `make torture` does
// many.
//
// With batches of two and a checkpoint after every step, a process spends most of its time writing, so most
// kills interrupt a write. $REVNET_TORTURE_KILLS is the number of kills, $REVNET_TORTURE_SEED the seed of
// their moments, and $REVNET_TORTURE_RUNS the number of repeated runs.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <random>
#include <thread>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "end_to_end/runs.h"

using namespace revnet;
using namespace revnet::testing;
namespace fs = std::filesystem;

namespace {

constexpr int iterations = 60;
const Environment one_thread{{"REVNET_THREADS", "1"}};

Arguments fresh(const std::string& run) {
  return {"synthetic",
          "--arch",
          "revnet38",
          "--batch",
          "2",
          "--iterations",
          "60",
          "--log-every",
          "1",
          "--checkpoint-every",
          "1",
          "--set",
          "name=torture",
          "--set",
          "network.units=1,1,2",
          "--eval-every",
          "0",
          "--run-dir",
          run};
}

// The arguments that resume the run, or begin it if the kill came before there was one to resume.
Arguments next_start(const fs::path& folder) {
  if (!fs::exists(folder / "run/config.yaml")) return fresh("run");
  return {"synthetic", "--run-dir", "run", "--resume"};
}

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr || *text == '\0' ? otherwise : std::stoull(text);
}

// How many kills interrupted what.
struct Tally {
  int kills = 0, checkpoint = 0, log = 0, settings = 0, elsewhere = 0, before_first_step = 0, runs = 0;

  void add(const fs::path& run, bool in_first_steps) {
    ++kills;
    before_first_step += in_first_steps;
    if (fs::exists(run / "checkpoint.h5.tmp")) {
      ++checkpoint;
    } else if (fs::exists(run / "run.h5.tmp")) {
      ++log;
    } else if (fs::exists(run / "config.yaml.tmp")) {
      ++settings;
    } else {
      ++elsewhere;
    }
  }

  std::string text() const {
    return std::to_string(kills) + " kills in " + std::to_string(runs) +
           " whole runs: " + std::to_string(checkpoint) + " while checkpoint.h5 was written, " +
           std::to_string(log) + " while run.h5 was, " + std::to_string(settings) +
           " while config.yaml was, " + std::to_string(elsewhere) + " elsewhere; " +
           std::to_string(before_first_step) + " of all before the process had done a step";
  }
};

// Changes whenever the checkpoint is replaced.
std::int64_t version_of(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return 0;
  return status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
}

// Requires that run.h5 opens and that its rows are the first rows of the uninterrupted run, with none missing
// or doubled. The checkpoint must open too, and must not be ahead of the rows.
void check_left_behind(const fs::path& run, const RunLog& whole) {
  std::int64_t logged = 0;
  if (fs::exists(run / "run.h5")) {
    const RunLog log = open_log(run);
    CHECK(first_difference_of_rows(log, whole) == "");
    if (!log.train().empty()) logged = log.train().back().iteration;
  }
  if (!fs::exists(run / "checkpoint.h5")) return;
  CHECK(open_checkpoint(run).iteration <= logged);
}

// Starts or resumes a run and kills it at a random moment: one kill in eight anywhere in the life of the
// process, three within its first steps, and four while it writes. Returns false if the run completed first.
bool kill_once(const fs::path& folder, std::mt19937_64& random, Tally& tally) {
  const auto sleep_below = [&](int milliseconds) {
    std::uniform_int_distribution<int> microseconds(0, 1000 * milliseconds);
    std::this_thread::sleep_for(std::chrono::microseconds(microseconds(random)));
  };
  const fs::path run = folder / "run", checkpoint = run / "checkpoint.h5";
  const std::uint64_t kind = random() % 8;
  const std::int64_t before = version_of(checkpoint);
  Process process("revnet-train", folder, next_start(folder), one_thread);
  if (kind == 0) {
    sleep_below(1500);
  } else {
    process.reaches([&] { return version_of(checkpoint) != before; });
    sleep_below(60);
  }
  if (kind >= 4) {
    const bool log = kind == 4;  // the log is small and quickly written
    process.reaches([&] { return fs::exists(run / (log ? "run.h5.tmp" : "checkpoint.h5.tmp")); });
    sleep_below(log ? 1 : 4);
  }
  process.send(SIGKILL);
  const Outcome outcome = process.wait();
  if (outcome.exit_code == 0) return false;
  REQUIRE_MESSAGE(outcome.signal == SIGKILL, outcome.text());
  tally.add(run, version_of(checkpoint) == before);
  return true;
}

}  // namespace

TEST_CASE("runs killed again and again at random moments end like undisturbed ones") {
  const std::uint64_t kills = number_from("REVNET_TORTURE_KILLS", 6);
  const std::uint64_t seed = number_from("REVNET_TORTURE_SEED", 1);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  TemporaryDirectory folder;
  const Outcome uninterrupted = train(folder.path(), fresh("whole"), one_thread);
  REQUIRE_MESSAGE(uninterrupted.exit_code == 0, uninterrupted.text());
  const RunLog whole = open_log(folder / "whole");
  REQUIRE(whole.train().size() == iterations);
  Tally tally;
  while (static_cast<std::uint64_t>(tally.kills) < kills) {
    while (static_cast<std::uint64_t>(tally.kills) < kills && kill_once(folder.path(), random, tally)) {
      CAPTURE(tally.kills);
      check_left_behind(folder / "run", whole);
    }
    const Outcome last = train(folder.path(), next_start(folder.path()), one_thread);
    REQUIRE_MESSAGE(last.exit_code == 0, last.text());
    CHECK(first_difference(folder / "whole", folder / "run") == "");
    for (const auto& [name, bytes] : snapshot(folder / "run")) CHECK_FALSE(name.ends_with(".tmp"));
    fs::remove_all(folder / "run");
    ++tally.runs;
  }
  MESSAGE(tally.text());
  if (kills >= 50) CHECK(4 * tally.checkpoint > tally.kills);
}

TEST_CASE("repeated runs with one seed are the same bit for bit") {
  const std::uint64_t runs = number_from("REVNET_TORTURE_RUNS", 2);
  TemporaryDirectory folder;
  for (std::uint64_t i = 0; i < runs; ++i) {
    const std::string run = std::to_string(i);
    const Outcome outcome =
        train(folder.path(), {"synthetic", "--arch", "revnet38", "--batch", "32", "--iterations", "10",
                              "--log-every", "1", "--eval-every", "5", "--threads", "2", "--run-dir", run});
    REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.text());
    CHECK(first_difference(folder / "0", folder / run) == "");
  }
}
