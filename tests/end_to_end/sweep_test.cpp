// revnet-sweep as a user runs it: skipping, resuming, refusing, failing, collecting.
#include <csignal>
#include <cstdlib>

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/text.h"
#include "end_to_end/runs.h"
#include "record/hdf5.h"
#include "system/host.h"
#include "system/lock_file.h"

namespace revnet::testing {
namespace {

namespace fs = std::filesystem;

Outcome sweep(const std::filesystem::path& folder, const Arguments& arguments,
              const Environment& environment = {}) {
  return Process("revnet-sweep", folder, arguments, environment).wait();
}

std::string experiment(const std::string& grid, const std::string& iterations = "3") {
  return "name: small\ndataset: {name: synthetic}\ntraining: {iterations: " + iterations +
         ", batch: 5}\nevaluation: {every: 0}\ncheckpoint: {every: 1}\nlog: "
         "{every: 1}\nsweep:\n  grid:\n" +
         grid;
}

const std::string two_networks = "    network.architecture: [resnet32, revnet38]\n";

TEST_CASE("a sweep runs its jobs and then skips them") {
  const TemporaryDirectory folder;
  write_file(folder / "s.yaml", experiment(two_networks + "    training.batch: [2, 4]\n"));
  const Outcome dry = succeeded(sweep(folder.path(), {"run", "s.yaml", "--dry-run", "--jobs", "2"}));
  CHECK(contains(dry.out, "revnet38-batch4"));
  CHECK(contains(dry.out, "4 jobs in runs/small, 2 at a time"));
  CHECK(contains(dry.out, " in all; times are rough estimates"));
  CHECK_FALSE(fs::exists(folder / "runs"));

  const std::string more_than_half = std::to_string(std::max<std::size_t>(2, usable_cores().size() / 2 + 1));
  const Outcome first =
      succeeded(sweep(folder.path(), {"run", "s.yaml", "--jobs", "2"}, {{"REVNET_THREADS", more_than_half}}));
  CHECK(contains(first.err, "4 of 4 jobs have more threads (training.threads, $REVNET_THREADS) than the "));
  for (const char* job : {"resnet32-batch2", "resnet32-batch4", "revnet38-batch2", "revnet38-batch4"}) {
    CAPTURE(job);
    CHECK(open_log(folder / "runs/small" / job).status() == RunStatus::complete);
    CHECK(contains(first.err, std::string(job) + ": complete, error"));
  }
  CHECK(open_config(folder / "runs/small/revnet38-batch4").training.batch == 4);
  const auto before = snapshot(folder / "runs/small/revnet38-batch4");
  const Outcome again = sweep(folder.path(), {"run", "s.yaml"});
  CHECK(again.exit_code == 0);
  CHECK(contains(again.err, "revnet38-batch4: already complete"));
  CHECK(snapshot(folder / "runs/small/revnet38-batch4") == before);

  const Outcome status = sweep(folder.path(), {"status", "s.yaml"});
  CHECK(status.exit_code == 0);
  CHECK(contains(status.out, "resnet32-batch2  complete          3"));
  {
    Process watch("revnet-sweep", folder.path(), {"status", "s.yaml", "--watch", "0.1"});
    CHECK(watch.reaches([&] { return watch.out().size() > 2 * status.out.size(); }));
    watch.send(SIGINT);
    const Outcome watched = succeeded(watch.wait());
    CHECK(watched.out.starts_with(status.out + status.out));
    // It ends once nobody reads it any more.
    const std::string reading =
        "cd '" + folder.path().string() +
        "' && { timeout 60 '" REVNET_BIN_DIR
        "/revnet-sweep' status s.yaml --watch 0.1; echo $? > code; } | head -1 > line";
    CHECK(std::system(reading.c_str()) == 0);
    CHECK(read_file(folder / "code") == "1\n");
    CHECK(status.out.starts_with(read_file(folder / "line")));
  }
  const Outcome collected = succeeded(sweep(folder.path(), {"collect", "s.yaml"}));
  CHECK(contains(collected.out,
                 "job,network.architecture,network.activations,training.batch,status,iterations,"));
  CHECK(contains(collected.out, "revnet38-batch4,revnet38,reconstructed,4,complete,3,"));
  CHECK(read_file(folder / "runs/small/results.csv") == collected.out);
  const hdf5::Reader results(folder / "runs/small/results.h5");
  CHECK(results.integers("jobs/batch") == std::vector<std::int64_t>{2, 4, 2, 4});
  for (const double speed : results.doubles("jobs/images_per_second")) CHECK(speed > 0);
  CHECK(results.doubles("groups/eval_error_percent/count") == std::vector<double>(4, 1));
  CHECK(results.doubles("groups/peak_bytes/mean") == results.doubles("jobs/peak_bytes"));
  CHECK(contains(read_file(folder / "runs/small/groups.csv"), "\nrevnet38,reconstructed,4,1,"));
  const std::string hint =
      "draw it with: " + shell_quoted(REVNET_SCRIPTS_DIR "/figures.py") + " sweep runs/small/results.h5\n";
  CHECK_MESSAGE(contains(collected.err, hint), collected.err);

  write_file(folder / "runs/small/resnet32-batch2/run.h5", "damaged");
  CHECK(contains(sweep(folder.path(), {"status", "s.yaml"}).out, "resnet32-batch2  damaged"));
  const Outcome rest = sweep(folder.path(), {"collect", "s.yaml"});
  CHECK(rest.exit_code == 1);
  CHECK(contains(rest.out, "revnet38-batch4,revnet38,reconstructed,4,complete,3,"));
  write_file(folder / "runs/small/revnet38-batch2/run.h5", "damaged");
  // Only jobs with batches of 4 are left.
  CHECK(contains(sweep(folder.path(), {"collect", "s.yaml"}).out,
                 "job,network.architecture,network.activations,training.batch,status,"));
  CHECK(contains(read_file(folder / "runs/small/groups.csv"), "training.batch,runs,"));
  CHECK(
      contains(rest.err, "left out: resnet32-batch2: damaged: runs/small/resnet32-batch2/run.h5 is damaged"));
}

// Its jobs hold no locks while they load their data.
TEST_CASE("a sweep that another process runs is refused") {
  const TemporaryDirectory folder;
  write_file(folder / "s.yaml", experiment(two_networks));
  fs::create_directories(folder / "runs/small/logs");
  const LockFile lock(folder / "runs/small/logs/lock", "it");
  const Outcome refused = sweep(folder.path(), {"run", "s.yaml"});
  CHECK(refused.exit_code == 1);
  CHECK(contains(refused.err, "runs/small is in use by process " + std::to_string(::getpid())));
  CHECK_FALSE(fs::exists(folder / "runs/small/resnet32"));
}

TEST_CASE("what the environment says counts for a sweep's file, and not again for its jobs") {
  const TemporaryDirectory folder;
  write_file(folder / "s.yaml", experiment("    training.threads: [1]\n", "1"));
  succeeded(sweep(folder.path(), {"run", "s.yaml"}, {{"REVNET_THREADS", "2"}}));
  CHECK(open_config(folder / "runs/small/threads1").training.threads == 1);
}

TEST_CASE("the limit of threads here counts for jobs that run here, and for no others") {
  const TemporaryDirectory folder;
  const Environment limit{{"OMP_THREAD_LIMIT", "1"}, {"REVNET_THREADS", ""}};
  write_file(folder / "s.yaml", experiment("    training.threads: [2]\n"));
  CHECK(contains(succeeded(sweep(folder.path(), {"status", "s.yaml"}, limit)).out, "threads2  waiting"));
  const Outcome refused = sweep(folder.path(), {"run", "s.yaml"}, limit);
  CHECK(refused.exit_code == 2);
  CHECK_MESSAGE(
      contains(refused.err, "threads2: training.threads: 2 are more than OMP_THREAD_LIMIT allows, 1"),
      refused.err);
}

TEST_CASE("a sweep refuses a changed setting of a job that ran, and names it") {
  const TemporaryDirectory folder;
  write_file(folder / "s.yaml", experiment("    training.batch: [2]\n"));
  succeeded(sweep(folder.path(), {"run", "s.yaml"}, {{"OMP_THREAD_LIMIT", "1"}, {"REVNET_THREADS", ""}}));
  CHECK(open_config(folder / "runs/small/batch2").training.threads == 1);
  write_file(folder / "s.yaml", experiment("    training.batch: [2]\n", "4"));
  const Outcome outcome = sweep(folder.path(), {"run", "s.yaml"});
  CHECK(outcome.exit_code == 2);
  CHECK(contains(outcome.err, "training.iterations was 3"));
  // status does not count the job as complete either, and collect leaves it out.
  const Outcome status = sweep(folder.path(), {"status", "s.yaml"});
  CHECK(status.exit_code == 0);
  CHECK(contains(status.out, "batch2  changed          -   4"));
  CHECK_FALSE(contains(status.out, "complete"));
  CHECK(status.err == outcome.err.substr(std::string("revnet-sweep run: ").size()));
  const Outcome collected = sweep(folder.path(), {"collect", "s.yaml"});
  CHECK(collected.exit_code == 2);
  CHECK(contains(collected.err, "left out: runs/small/batch2: training.iterations was 3"));
}

TEST_CASE("a job that diverges fails the sweep but not the other jobs") {
  const TemporaryDirectory folder;
  write_file(folder / "s.yaml", experiment("    training.learning_rate: [1e30, 0.1]\n"));
  const Outcome outcome = sweep(folder.path(), {"run", "s.yaml", "--retry", "2"});
  INFO(outcome.text());
  CHECK(outcome.exit_code == 1);
  CHECK(contains(outcome.err, "learning_rate1e30: diverged: "));
  CHECK(contains(outcome.out, "diverged"));
  CHECK(open_log(folder / "runs/small/learning_rate0.1").status() == RunStatus::complete);
  CHECK(contains(outcome.err, "remove runs/small/learning_rate1e30 to start it anew"));
  const Outcome fast = sweep(folder.path(), {"run", "s.yaml", "--fail-fast", "--sweep-dir", "fast"});
  CHECK(fast.exit_code == 1);
  CHECK_FALSE(std::filesystem::exists(folder / "fast/learning_rate0.1"));
  std::filesystem::remove_all(folder / "runs/small/learning_rate0.1");
  const Outcome again = sweep(folder.path(), {"run", "s.yaml", "--fail-fast"});
  CHECK(again.exit_code == 1);
  CHECK(open_log(folder / "runs/small/learning_rate0.1").status() == RunStatus::complete);
  CHECK(
      contains(again.err,
               "learning_rate1e30: diverged already, and would again; remove runs/small/learning_rate1e30"));
}

TEST_CASE("a job that fails is tried again and reported with its last line") {
  const TemporaryDirectory folder;
  write_file(folder / "s.yaml", experiment("    dataset.name: [cifar10]\n"));
  const Outcome outcome = sweep(folder.path(), {"run", "s.yaml", "--retry", "1", "--data-dir", "nowhere"});
  INFO(outcome.text());
  CHECK(outcome.exit_code == 1);
  CHECK(contains(outcome.err, "cifar10: failed, trying again: "));
  CHECK(contains(outcome.err, "cifar10: failed: "));
  CHECK(contains(outcome.err, "nowhere"));
  CHECK(contains(outcome.out, "cifar10  failed"));
  const Outcome status = sweep(folder.path(), {"status", "s.yaml"});
  CHECK(contains(status.out, "cifar10  failed"));
  CHECK(contains(status.err, "cifar10: failed: revnet-train: "));
}

TEST_CASE("a sweep that was stopped by Ctrl-C or killed continues where it was") {
  const TemporaryDirectory folder;
  const std::string yaml = "network: {units: [1, 1, 2]}\n" + experiment("    training.seed: [1, 2]\n", "40");
  write_file(folder / "s.yaml", yaml);
  succeeded(sweep(folder.path(), {"run", "s.yaml", "--sweep-dir", "whole"}));
  {
    Process process("revnet-sweep", folder.path(), {"run", "s.yaml", "--sweep-dir", "cut"});
    const bool running = process.reaches([&] { return saved_iterations(folder / "cut/seed1") >= 3; });
    process.send(SIGINT);
    const Outcome outcome = process.wait();
    REQUIRE_MESSAGE(running, outcome.text());
    CHECK_MESSAGE(outcome.exit_code == 3, outcome.text());
    CHECK(contains(outcome.err, "seed1: interrupted, a checkpoint is saved"));
  }
  {
    Process process("revnet-sweep", folder.path(), {"run", "s.yaml", "--sweep-dir", "cut"});
    const bool running = process.reaches([&] { return saved_iterations(folder / "cut/seed2") >= 3; });
    REQUIRE(running);
    process.send(SIGKILL);
    CHECK(process.wait().signal == SIGKILL);
  }
  // The job outlives the killed sweep and holds its run until it is done. After that, nothing is left to do.
  Outcome rest;
  for (int time = 0; time < 600; ++time) {
    rest = sweep(folder.path(), {"run", "s.yaml", "--sweep-dir", "cut"});
    if (rest.exit_code == 0) break;
    REQUIRE_MESSAGE(contains(rest.err, "in use"), rest.text());
    ::usleep(100'000);
  }
  REQUIRE_MESSAGE(rest.exit_code == 0, rest.text());
  CHECK(first_difference(folder / "whole/seed1", folder / "cut/seed1") == "");
  CHECK(first_difference(folder / "whole/seed2", folder / "cut/seed2") == "");
}

TEST_CASE("a job that cannot fit in memory is refused before any job starts") {
  const TemporaryDirectory folder;
  write_file(folder / "s.yaml", experiment("    training.batch: [2, 20000]\n"));
  const Outcome outcome = sweep(folder.path(), {"run", "s.yaml", "--memory", "1GB"});
  INFO(outcome.text());
  CHECK(outcome.exit_code == 2);
  CHECK(contains(outcome.err, "batch20000 needs"));
  CHECK_FALSE(fs::exists(folder / "runs/small/batch2"));
}

TEST_CASE("invalid sweeps are refused") {
  const TemporaryDirectory folder;
  const auto refused = [&](const Arguments& arguments, const std::string& why) {
    check_refused("revnet-sweep", folder.path(), arguments, why);
  };
  write_file(folder / "s.yaml", "sweep:\n  grid:\n    training.bach: [1]\n");
  refused({"run", "none.yaml"}, "none.yaml");
  refused({"run", "s.yaml"}, "s.yaml:3");
  refused({"run"}, "--help");
  refused({"run", "s.yaml", "--jobs", "0"}, "--jobs");
  write_file(folder / "s.yaml", experiment("    training.batch: [1]\n"));
  refused({"collect", "s.yaml"}, "no job");
  refused({"run", "s.yaml", "--memory", "much"}, "--memory");
  write_file(folder / "s.yaml", experiment("    network.architecture: [resnet32]\n"
                                           "    network.activations: [reconstructed]\n"));
  for (const char* command : {"run", "status", "collect"}) {
    refused({command, "s.yaml"}, "resnet32-reconstructed: resnet32 is not reversible");
    refused({command, "s.yaml"}, "leave the combination out with sweep.exclude");
  }
  for (const char* name : {"../esc", "a/../..", "/esc", "."}) {
    write_file(folder / "s.yaml", "name: " + std::string(name) + "\n");
    refused({"run", "s.yaml"}, "would lie outside of runs/: give it another name");
  }
  CHECK_FALSE(fs::exists(folder.path().parent_path() / "esc"));
}

}  // namespace
}  // namespace revnet::testing
