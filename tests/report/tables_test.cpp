#include "report/tables.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "files.h"
#include "record/run_directory.h"
#include "report/groups.h"
#include "report/support.h"

namespace revnet {
namespace {

using testing::contains;
using testing::record;

TEST_CASE("the error table shows measured errors next to the paper's") {
  const std::vector<RunRecord> runs{
      record("resnet32", "cifar10", 1, 80000, 7.0), record("resnet32", "cifar10", 2, 80000, 7.4),
      record("revnet38", "cifar10", 1, 8000, 13.9), record("revnet164", "cifar100", 1, 80000, 24.0)};
  const std::string csv = error_table(runs, place_runs(runs)).format(TableFormat::csv);
  CHECK(csv.substr(0, csv.find('\n')) ==
        "network,\"CIFAR-10, paper\",\"CIFAR-10 at 80,000\",\"CIFAR-10 at 8,000\",\"CIFAR-100, paper\","
        "\"CIFAR-100 at 80,000\"");
  CHECK(contains(csv, "\nResNet-32,7.14,7.20 ± 0.28 (2),,29.95,\n"));
  CHECK(contains(csv, "\nRevNet-38,7.24,,13.90,28.96,\n"));
  CHECK(contains(csv, "\nRevNet-164,5.17,,,23.69,24.00\n"));

  const std::vector<std::string> missing = missing_runs(runs, place_runs(runs));
  CHECK(missing.size() == 12 - 2);
  CHECK(missing.front() == "revnet-train cifar10 --arch revnet38");
}

TEST_CASE("commands for empty cells take existing runs into account") {
  const testing::TemporaryDirectory folder;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  std::filesystem::create_directories("runs/cifar10-resnet32-seed1");
  std::filesystem::create_directories("runs/cifar10-resnet32-seed2");
  testing::write_file("my run/checkpoint.h5", "");
  testing::write_file("my run/config.yaml", "");
  RunRecord begun = record("revnet38", "cifar10", 1, 80000, 0),
            running = record("resnet110", "cifar10", 1, 80000, 0);
  begun.directory = "my run";
  begun.status = RunStatus::interrupted;
  running.status = RunStatus::running;
  const std::vector<RunRecord> runs{begun, running};
  const std::vector<std::string> missing = missing_runs(runs, place_runs(runs));
  std::filesystem::current_path(before);
  REQUIRE(missing.size() == 11);
  CHECK(missing[0] == "revnet-train cifar10 --arch resnet32 --seed 3");
  CHECK(missing[1] == "revnet-train cifar10 --run-dir 'my run' --resume");
  CHECK(missing[2] == "revnet-train cifar10 --arch revnet110");
}

TEST_CASE("notes say on which data the cells were measured") {
  std::vector<RunRecord> runs{
      record("revnet38", "cifar100", 1, 80'000, 29), record("resnet32", "cifar10", 2, 8000, 14),
      record("resnet32", "cifar10", 1, 8000, 14), record("revnet38", "cifar10", 1, 80'000, 7)};
  runs[3].config.dataset.directory = "/big/disk";
  CHECK(measured_notes(runs, place_runs(runs)) ==
        std::vector<std::string>{"Measured on CIFAR-10 (read from /big/disk), 80,000 iterations of the "
                                 "paper's recipe: RevNet-38 (seed 1).",
                                 "Measured on CIFAR-10 (read from data), 8,000 iterations of the paper's "
                                 "recipe: ResNet-32 (seeds 1, 2).",
                                 "Measured on CIFAR-100 (read from data), 80,000 iterations of the paper's "
                                 "recipe: RevNet-38 (seed 1)."});
  CHECK(measured_notes({}, {}).empty());
}

TEST_CASE("the architecture table counts the parameters as built") {
  const Table table = architecture_table({{"revnet38", "basic", "3-3-3", "32, 32-64-112", 464890, 474970}});
  CHECK(contains(table.format(TableFormat::markdown),
                 "| RevNet-38 | basic | 3-3-3 | 32, 32-64-112 | 0.46 | 464,890 | 0.48 | 474,970 |\n"));
}

TEST_CASE("a run says what changed its result while it went on") {
  const testing::TemporaryDirectory folder;
  RunInfo info;
  info.config = to_yaml(Config());
  info.extra = {{"batch_norm", "local"}, {"ranks", "1"}};
  const auto changes = [&](const char* list) {
    info.extra[changed_on_resume] = list;
    RunLog::create(folder / "run.h5", info).save();
    return read_run(folder.path()).changes;
  };
  CHECK(changes("threads 2 -> 1 after iteration 3; log.every 1 -> 2 after iteration 3") == "");
  const char* const both =
      "ranks 2 -> 1 after iteration 6; cpu A -> B after iteration 6; "
      "training.iterations 6 -> 7 after iteration 6";
  CHECK(changes(both) == "ranks 2 -> 1 after iteration 6; training.iterations 6 -> 7 after iteration 6");
  CHECK(read_run(folder.path()).ranks == "");
  info.extra["ranks"] = "2";
  changes("");
  CHECK(read_run(folder.path()).ranks == "2");
  info.extra["ranks"] = "1";
  info.extra["batch_norm"] = "synchronized";
  CHECK(changes(both) == "training.iterations 6 -> 7 after iteration 6");
  std::vector<RunRecord> runs{record("resnet32", "cifar10", 1, 80'000, 7)};
  runs[0].changes = "training.iterations 6 -> 7 after iteration 6";
  CHECK(place_runs(runs)[0].reason == "it was resumed with training.iterations 6 -> 7 after iteration 6");
}

TEST_CASE("runs are found and read") {
  const testing::TemporaryDirectory folder;
  Config config;
  config.network.architecture = "revnet110";
  RunInfo info;
  info.config = to_yaml(config);
  for (const char* name : {"b/one", "a"}) {
    std::filesystem::create_directories(folder / name);
    RunLog log = RunLog::create(folder / name / "run.h5", info);
    for (int i = 1; i <= 5; ++i) log.append(TrainRow{10 * i, 1, 2, 0.1, 2.0 * i + (i > 3 ? 100 : 0)});
    log.append(EvalRow{50, 0.5, 12.5});
    log.set_bytes({{"saved_activations", 7}, {"peak", 9}});
    log.set_status(RunStatus::complete);
    log.save();
  }
  const auto found = find_runs({folder.path(), folder / "a", folder / "b/../a/"});
  REQUIRE(found.size() == 2);
  CHECK(found[0] == folder / "a");
  const RunRecord run = read_run(found[1]);
  CHECK(run.complete());
  CHECK(run.config == config);
  CHECK(run.images_per_second == 500);  // excludes the evaluation before row 4
  CHECK(run.seconds == 110);
  CHECK(run.saved_bytes == 7);
  CHECK(contains(run_table({run}, {"yes"}).format(TableFormat::csv),
                 "\n" + run.directory.string() + ",complete,12.50,0.5000,500,0.0,1:50,yes\n"));

  // A run that also measured the gradient angle kept more than its own way to keep activations does.
  testing::write_file(found[1] / "angle.h5", "");
  CHECK(read_run(found[1]).peak_bytes == 0);
  CHECK(read_run(found[1]).seconds == 110);

  // A killed process left its log as it was, and its lock ended with it.
  RunLog log = RunLog::open(folder / "a/run.h5");
  log.set_status(RunStatus::running);
  log.save();
  CHECK(read_run(folder / "a").status == RunStatus::interrupted);
  {
    const LockFile lock(RunFiles(folder / "a").lock(), "the run");
    CHECK(read_run(folder / "a").status == RunStatus::running);
    // A process that resumes it has not written its log yet.
    log.set_status(RunStatus::interrupted);
    log.save();
    CHECK(read_run(folder / "a").status == RunStatus::running);
  }
  std::filesystem::create_directories(folder / "empty");
  CHECK(contains(testing::message_of<UsageError>([&] { find_runs({folder / "empty"}); }), "no run there"));
  CHECK_THROWS_AS(read_run(folder / "empty"), Error);
}

}  // namespace
}  // namespace revnet
