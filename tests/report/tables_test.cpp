#include "report/tables.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "files.h"
#include "report/support.h"

namespace revnet {
namespace {

using testing::contains;
using testing::record;

TEST_CASE("the error table sets measured errors beside the paper's") {
  std::vector<RunRecord> runs{
      record("resnet32", "cifar10", 1, 80000, 7.0), record("resnet32", "cifar10", 2, 80000, 7.4),
      record("revnet38", "cifar10", 1, 8000, 13.9), record("revnet164", "cifar100", 1, 80000, 24.0)};
  const std::string csv = error_table(runs).format(TableFormat::csv);
  CHECK(csv.substr(0, csv.find('\n')) ==
        "network,\"CIFAR-10, paper\",\"CIFAR-10 at 80,000\",\"CIFAR-10 at 8,000\",\"CIFAR-100, paper\","
        "\"CIFAR-100 at 80,000\"");
  CHECK(contains(csv, "\nResNet-32,7.14,7.20 ± 0.28 (2),-,29.95,-\n"));
  CHECK(contains(csv, "\nRevNet-38,7.24,-,13.90,28.96,-\n"));
  CHECK(contains(csv, "\nRevNet-164,5.17,-,-,23.69,24.00\n"));

  const std::vector<std::string> missing = missing_runs(runs);
  CHECK(missing.size() == 12 - 2);
  CHECK(missing.front() == "revnet-train cifar10 --arch revnet38");
}

TEST_CASE("runs that measure something else fill no cell") {
  RunRecord validation = record("resnet32", "cifar10", 1, 80000, 7.0), unfinished = validation,
            small = validation, shorter = validation;
  validation.config.dataset.validation = true;
  unfinished.status = RunStatus::interrupted;
  small.config.training.batch = 50;
  shorter.config.network.units = {4, 4, 4};
  const std::vector<RunRecord> runs{validation, unfinished, small, shorter};
  const std::string csv = error_table(runs).format(TableFormat::csv);
  CHECK(contains(csv, "\nResNet-32,7.14,-,29.95,-\n"));
  CHECK(missing_runs(runs).size() == 12);
  CHECK(measured_notes(runs).size() == 1);  // that none counts
  CHECK(contains(run_table({shorter}).format(TableFormat::csv), ",resnet32+units=4-4-4,cifar10,"));
}

TEST_CASE("notes say on what the cells were measured") {
  std::vector<RunRecord> runs{
      record("revnet38", "cifar100", 1, 80'000, 29), record("resnet32", "cifar10", 2, 8000, 14),
      record("resnet32", "cifar10", 1, 8000, 14),    record("revnet38", "cifar10", 1, 8000, 13.9),
      record("revnet38", "cifar10", 1, 80'000, 7),   record("revnet38", "synthetic", 1, 80'000, 1)};
  runs[4].config.training.decay_at.clear();
  runs[4].config.dataset.directory = "/big/disk";
  CHECK(
      measured_notes(runs) ==
      std::vector<std::string>{
          "Measured on CIFAR-10 (read from /big/disk), 80,000 iterations of 100 images, learning rate 0.1: "
          "RevNet-38 (seed 1).",
          "Measured on CIFAR-10 (read from data), 8,000 iterations of 100 images, learning rate 0.1, times "
          "0.1 "
          "after 4,000 and 6,000: ResNet-32 (seeds 1, 2), RevNet-38 (seed 1).",
          "Measured on CIFAR-100 (read from data), 80,000 iterations of 100 images, learning rate 0.1, times "
          "0.1 after 40,000 and 60,000: RevNet-38 (seed 1).",
          "Runs that fill a cell: 5 of 6 (complete ones on CIFAR's test images, in batches of 100)."});
  CHECK(measured_notes({}).empty());
}

TEST_CASE("a run without rows has dashes in the table of runs") {
  RunRecord run;
  run.directory = "runs/begun";
  CHECK(contains(run_table({run}).format(TableFormat::csv), ",0,running,-,-,-,-,-\n"));
}

TEST_CASE("the architecture table counts what was built") {
  const Table table = architecture_table({{"revnet38", "basic", "3-3-3", "32, 32-64-112", 464890, 474970}});
  CHECK(contains(table.format(TableFormat::markdown),
                 "| RevNet-38 | basic | 3-3-3 | 32, 32-64-112 | 0.46 | 464,890 | 0.48 | 474,970 |\n"));
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
    log.save(false);
  }
  const auto found = find_runs({folder.path(), folder / "a"});
  REQUIRE(found.size() == 2);
  CHECK(found[0] == folder / "a");
  const RunRecord run = read_run(found[1]);
  CHECK(run.complete());
  CHECK(run.config == config);
  CHECK(run.images_per_second == 500);  // the evaluation before row 4 does not count
  CHECK(run.seconds == 110);
  CHECK(run.saved_bytes == 7);
  CHECK(contains(run_table({run}).format(TableFormat::csv), ",revnet110,cifar10,"));
  std::filesystem::create_directories(folder / "empty");
  CHECK(contains(testing::message_of<UsageError>([&] { find_runs({folder / "empty"}); }), "no run there"));
  CHECK_THROWS_AS(read_run(folder / "empty"), Error);
}

}  // namespace
}  // namespace revnet
