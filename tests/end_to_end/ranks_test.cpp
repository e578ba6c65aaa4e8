// Runs of several processes under mpirun compute what one process computes, and end together whatever happens
// to one of them. Only builds with MPI have these tests.
#ifdef REVNET_MPIRUN
#include <csignal>
#include <sstream>

#include <doctest/doctest.h>

#include "end_to_end/runs.h"
#include "record/hdf5.h"

using namespace revnet;
using namespace revnet::testing;
namespace fs = std::filesystem;

namespace {

Arguments under_mpirun(int ranks, const std::string& command, const Arguments& arguments) {
  return join({"--oversubscribe", "-n", std::to_string(ranks), std::string(REVNET_BIN_DIR) + "/" + command},
              arguments);
}

Process start_ranks(const fs::path& folder, int ranks, const Arguments& arguments) {
  return Process(REVNET_MPIRUN, folder, under_mpirun(ranks, "revnet-train", arguments), for_mpirun(folder));
}

Outcome train_on(int ranks, const fs::path& folder, const Arguments& arguments) {
  return start_ranks(folder, ranks, arguments).wait();
}

Arguments fresh(const std::string& run, const Arguments& more) {
  return join({"synthetic", "--arch", "resnet32", "--batch", "10", "--log-every", "1", "--run-dir", run},
              more);
}

const Arguments resume{"synthetic", "--run-dir", "run", "--resume"};

// The id of the process that mpirun started as `rank`, or 0 if there is none yet.
pid_t process_of(pid_t mpirun, int rank) {
  const std::string wanted = "OMPI_COMM_WORLD_RANK=" + std::to_string(rank) + '\0';
  const fs::path tasks = "/proc/" + std::to_string(mpirun) + "/task";
  for (const fs::directory_entry& task : fs::directory_iterator(tasks)) {
    std::istringstream children(read_file(task.path() / "children"));
    for (pid_t child = 0; children >> child;) {
      const std::string file = "/proc/" + std::to_string(child) + "/environ";
      if (contains(read_file(file), wanted)) return child;
    }
  }
  return 0;
}

// Starts a long run on two ranks and sends a signal to the second one when there is a checkpoint.
Outcome interfere(const fs::path& folder, int signal, const Arguments& more, pid_t& victim) {
  Process process =
      start_ranks(folder, 2, join(fresh("run", {"--iterations", "4000", "--checkpoint-every", "1"}), more));
  const bool running = process.reaches([&] { return saved_iterations(folder / "run") >= 2; });
  if (running) victim = process_of(process.id(), 1);
  if (victim > 0) ::kill(victim, signal);
  const Outcome outcome = process.wait();
  REQUIRE_MESSAGE(running, outcome.text());
  REQUIRE_MESSAGE(victim > 0, outcome.text());
  return outcome;
}

}  // namespace

TEST_CASE("compare exchange times sums between ranks by size") {
  TemporaryDirectory folder;
  const Outcome outcome = succeeded(
      Process(REVNET_MPIRUN, folder.path(),
              under_mpirun(2, "revnet-compare", {"exchange", "--repetitions", "2", "--format", "csv"}),
              for_mpirun(folder.path()))
          .wait());
  std::istringstream lines(outcome.out);
  std::string line;
  std::getline(lines, line);
  CHECK(line == "ranks,bytes,microseconds,least,most,MB/s");
  for (std::int64_t bytes = 4; bytes <= 4 << 20; bytes *= 4) {
    std::getline(lines, line);
    CHECK_MESSAGE(line.starts_with("2," + std::to_string(bytes) + ","), line);
  }
  CHECK_FALSE(std::getline(lines, line));
}

TEST_CASE("under mpirun one rank gives the bits of a single process, and several ranks give its losses") {
  TemporaryDirectory folder;
  succeeded(train(folder.path(), fresh("1", {"--iterations", "2"}), for_mpirun(folder.path())));
  succeeded(train_on(1, folder.path(), fresh("one", {"--iterations", "2"})));
  CHECK(first_difference(folder / "1", folder / "one") == "");
  CHECK(open_log(folder / "one").all_reduce().empty());

  for (const int ranks : {2, 4}) {  // shards of 10 images: 5 and 5; 2, 3, 2 and 3
    const std::string name = std::to_string(ranks);
    // At every checkpoint the run itself checks that all ranks have equal weights.
    const Outcome outcome = succeeded(train_on(
        ranks, folder.path(),
        fresh(name, {"--iterations", "2", "--checkpoint-every", "1", "--batch-norm", "synchronized"})));
    INFO(outcome.text());
    CHECK(contains(outcome.out, name + " ranks; "));
    CHECK(contains(outcome.out, "hidden by the backward pass"));
    CHECK(contains(outcome.err, "rank 1 with 1 thread on core"));

    const RunLog one = open_log(folder / "1"), log = open_log(folder / name);
    CHECK(log.info().extra.at("ranks") == name);
    CHECK(log.info().extra.at("batch_norm") == "synchronized");
    CHECK(log.all_reduce().at("steps") == 2);
    CHECK(log.all_reduce().at("seconds_alone") > 0);
    REQUIRE(log.train().size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
      // A ReLU that rounding flips in the first step changes the loss of the second.
      CHECK(log.train()[i].cross_entropy ==
            doctest::Approx(one.train()[i].cross_entropy).epsilon(i == 0 ? 1e-5 : 1e-2));
    }
    REQUIRE(log.eval().size() == 1);
    CHECK(log.eval()[0].iteration == 2);
    CHECK(contains(outcome.out, "of 2,000 images"));
    CHECK(log.eval()[0].cross_entropy == doctest::Approx(one.eval().at(0).cross_entropy).epsilon(1e-2));
  }
}

TEST_CASE("a complete run is summed up on any number of ranks") {
  TemporaryDirectory folder;
  succeeded(train_on(2, folder.path(), fresh("run", {"--iterations", "1", "--micro-batch", "5"})));
  // The micro-batch divides no share of four ranks.
  const Outcome outcome = succeeded(train_on(4, folder.path(), resume));
  CHECK(contains(outcome.err, "nothing is left to do"));
  CHECK(contains(outcome.out, "activations"));
  CHECK_FALSE(contains(outcome.out, "all-reduce"));
}

TEST_CASE("ranks that do not start alike leave the run that --force would replace as it is") {
  TemporaryDirectory folder;
  succeeded(train_on(1, folder.path(), fresh("run", {"--iterations", "1"})));
  const std::string checkpoint = read_file(folder / "run/checkpoint.h5");
  const Arguments program{std::string(REVNET_BIN_DIR) + "/revnet-train"};
  const Arguments first = under_mpirun(1, "revnet-train", fresh("run", {"--force"}));
  const Arguments second = join({":", "-n", "1"}, join(program, fresh("run", {"--force", "--seed", "2"})));
  const Outcome outcome =
      Process(REVNET_MPIRUN, folder.path(), join(first, second), for_mpirun(folder.path())).wait();
  CHECK(outcome.exit_code == 2);
  CHECK_MESSAGE(contains(outcome.err, "rank 1"), outcome.err);
  CHECK(read_file(folder / "run/checkpoint.h5") == checkpoint);
}

TEST_CASE("a signal to mpirun stops all ranks after one step, and the run resumes on another number") {
  TemporaryDirectory folder;
  Process process =
      start_ranks(folder.path(), 2, fresh("run", {"--iterations", "4000", "--checkpoint-every", "1"}));
  REQUIRE(process.reaches([&] { return saved_iterations(folder / "run") >= 2; }));
  process.send(SIGUSR1);
  const Outcome stopped = process.wait();
  REQUIRE_MESSAGE(stopped.exit_code == 3, stopped.text());
  const std::int64_t saved = saved_iterations(folder / "run");
  CHECK(saved < 4000);

  const Outcome refused = train(folder.path(), join(resume, {"--batch-norm", "synchronized"}));
  CHECK(refused.exit_code == 2);
  CHECK(contains(refused.err, "batch_norm.statistics is local in this run"));

  Process other = start_ranks(folder.path(), 3, resume);
  REQUIRE(other.reaches([&] { return saved_iterations(folder / "run") >= saved + 1; }));
  other.send(SIGUSR1);
  const Outcome outcome = other.wait();
  REQUIRE_MESSAGE(outcome.exit_code == 3, outcome.text());
  INFO(outcome.text());
  CHECK(contains(outcome.err, "resuming with ranks 3 instead of 2"));
  const RunLog log = open_log(folder / "run");
  CHECK(log.status() == RunStatus::interrupted);
  CHECK(log.train().size() == static_cast<std::size_t>(saved_iterations(folder / "run")));
}

TEST_CASE("a killed rank ends the run, which names it, and one process can resume the run") {
  TemporaryDirectory folder;
  pid_t victim = 0;
  const Outcome outcome = interfere(folder.path(), SIGKILL, {}, victim);
  INFO(outcome.text());
  CHECK(outcome.exit_code != 0);
  CHECK(contains(outcome.err, "rank 1 (process " + std::to_string(victim) + " on "));
  CHECK(
      contains(outcome.err, "has died: the run ends here; continue from its last checkpoint with --resume"));
  CHECK(contains(read_file(folder / "run/run.log"), "has died"));

  const std::int64_t saved = saved_iterations(folder / "run");
  Process alone("revnet-train", folder.path(), resume, for_mpirun(folder.path()));
  REQUIRE(alone.reaches([&] { return saved_iterations(folder / "run") > saved; }));
  alone.send(SIGTERM);
  CHECK(alone.wait().exit_code == 3);
}

TEST_CASE("a stuck rank ends the run, which names it") {
  TemporaryDirectory folder;
  pid_t victim = 0;
  const Outcome outcome = interfere(folder.path(), SIGSTOP, {"--set", "training.rank_timeout=0.5"}, victim);
  INFO(outcome.text());
  CHECK(outcome.exit_code != 0);
  CHECK(contains(outcome.err, "rank 1 (process " + std::to_string(victim) + " on "));
  CHECK(contains(outcome.err, "has not answered for"));
}

TEST_CASE("ranks wait through several time-outs for one that works and stays in touch") {
  TemporaryDirectory folder;
  const Outcome outcome =
      succeeded(Process(REVNET_MPIRUN, folder.path(), {"--oversubscribe", "-n", "3", REVNET_UNEVEN_RANKS},
                        for_mpirun(folder.path()))
                    .wait());
  CHECK(outcome.out == "3 ranks have met\n");
}

TEST_CASE("gradient angle measures the whole batch on two ranks, and other studies accept only one rank") {
  TemporaryDirectory folder;
  const Arguments study{"gradient",     "angle", "synthetic",    "--arch",       "revnet38",  "--batch", "6",
                        "--iterations", "1",     "--batch-norm", "synchronized", "--run-dir", "run"};
  succeeded(Process(REVNET_MPIRUN, folder.path(), under_mpirun(2, "revnet-compare", study),
                    for_mpirun(folder.path()))
                .wait());
  // Each stage has 12 ReLUs of its own size, but for the one that stage 1 lacks, and for those that work on
  // the stage before.
  const hdf5::Reader log(folder / "run/angle.h5");
  const double stage1 = 11 * 16 * 32 * 32, stage2 = 11 * 32 * 16 * 16 + 16 * 32 * 32,
               stage3 = 11 * 56 * 8 * 8 + 32 * 16 * 16;
  CHECK(log.doubles("angle/relus") == std::vector<double>(2, 6 * (stage1 + stage2 + stage3)));
  const Outcome speed = Process(REVNET_MPIRUN, folder.path(), under_mpirun(2, "revnet-compare", {"speed"}),
                                for_mpirun(folder.path()))
                            .wait();
  CHECK(speed.exit_code == 2);
  CHECK(contains(speed.err, "runs as one process, but mpirun started 2"));
}
#endif
