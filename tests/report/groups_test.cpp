#include "report/groups.h"

#include <cmath>

#include <doctest/doctest.h>

#include "base/error.h"
#include "files.h"
#include "report/support.h"

namespace revnet {
namespace {

using testing::contains;
using testing::record;

// Two networks, two learning rates and two seeds. The error is 10 times the rate plus the seed.
std::vector<RunRecord> sweep() {
  std::vector<RunRecord> runs;
  for (const char* network : {"revnet38", "resnet32"}) {
    for (const double rate : {0.1, 0.02}) {
      for (const std::uint64_t seed : {1U, 2U}) {
        runs.push_back(record(network, "cifar10", seed, 10, 10 * rate + static_cast<double>(seed)));
        runs.back().config.training.learning_rate = rate;
        runs.back().directory = "runs/" + std::to_string(runs.size());
      }
    }
  }
  return runs;
}

TEST_CASE("runs are grouped by everything that varies except the seed") {
  std::vector<RunRecord> runs = sweep();
  runs[0].config.name = "elsewhere";
  runs[1].config.log.every = 5;
  const Grouping grouping = group_runs(runs, {});
  CHECK(grouping.keys ==
        std::vector<std::string>{"network.architecture", "network.activations", "training.learning_rate"});
  CHECK(grouping.notes.empty());
  const std::string text =
      group_table(grouping, {&find_metric("eval_error_percent", "test")}).format(TableFormat::csv);
  CHECK(text ==
        "architecture,activations,learning rate,runs,\"error, %\",best\n"
        "resnet32,stored,0.02,2,1.70 ± 0.71 (2),*\n"
        "resnet32,stored,0.1,2,2.50 ± 0.71 (2),\n"
        "revnet38,reconstructed,0.02,2,1.70 ± 0.71 (2),*\n"
        "revnet38,reconstructed,0.1,2,2.50 ± 0.71 (2),\n");
  CHECK(contains(group_data(grouping, usual_metrics(runs)).format(TableFormat::csv),
                 "\nresnet32,stored,0.02,2,1.7000,0.7071,2,0.300000,0,2,,,0,,,0,*\n"));
}

TEST_CASE("incomplete and repeated runs do not count") {
  std::vector<RunRecord> runs = sweep();
  runs[1].status = RunStatus::diverged;
  runs[3].status = RunStatus::running;
  runs[2].status = RunStatus::interrupted;
  runs.push_back(runs[7]);
  runs.back().directory = "runs/again";
  const Grouping grouping = group_runs(runs, {"network.architecture", "training.learning_rate"});
  const std::string csv =
      group_table(grouping, {&find_metric("eval_error_percent", "test")}).format(TableFormat::csv);
  CHECK(contains(csv, "\nrevnet38,0.02,0 of 2,,\n"));
  CHECK(contains(csv, "\nrevnet38,0.1,1 of 2,2.00,\n"));
  CHECK(contains(csv, "\nresnet32,0.02,2 of 3,1.70 ± 0.71 (2),*\n"));
  CHECK(grouping.notes ==
        std::vector<std::string>{
            "Left out: runs/again, which has the settings and the seed of runs/8.",
            "Left out, since not complete: runs/2 (diverged), runs/3 (interrupted), runs/4 (running)."});
}

TEST_CASE("groups that differ in more than seeds say so, and unknown keys and metrics are refused") {
  const std::vector<RunRecord> runs = sweep();
  const Grouping grouping = group_runs(runs, {"network.architecture"});
  CHECK(grouping.groups.size() == 2);
  CHECK(grouping.notes ==
        std::vector<std::string>{
            "Some groups hold runs that differ in more than the seed: to set them apart, add "
            "training.learning_rate to --group-by."});
  CHECK(testing::message_of<UsageError>([&] { group_runs(runs, {"batch"}); }) ==
        "--group-by: unknown key 'batch' (did you mean 'training.batch'?)");
  CHECK(contains(testing::message_of<UsageError>([] { find_metric("speed", "--metric"); }),
                 "--metric: 'speed' is not one of iterations, train_cross_entropy, "));
}

TEST_CASE("groups of several processors say so") {
  std::vector<RunRecord> runs{record("resnet32", "cifar10", 1, 10, 90),
                              record("resnet32", "cifar10", 2, 10, 91)};
  runs[0].cpu = runs[1].cpu = "Xeon";
  CHECK(group_runs(runs, {}).notes.empty());
  runs[1].cpu = "EPYC";
  CHECK(contains(group_runs(runs, {}).notes.at(0), "several processors (EPYC; Xeon)"));
}

TEST_CASE("training figures are means over the last 500 iterations, by the iterations that a row covers") {
  RunRecord run = record("resnet32", "cifar10", 1, 1000, 90);
  const auto error = [&] { return find_metric("train_error_percent", "test").of(run); };
  run.train = {{100, 1, 50, 0.1, 1}, {500, 1, 40, 0.1, 2}, {600, 1, 30, 0.1, 3}, {1000, 1, 20, 0.1, 4}};
  CHECK(error() == doctest::Approx((100 * 30 + 400 * 20) / 500.0));
  run.train.resize(2);
  CHECK(error() == doctest::Approx((100 * 50 + 400 * 40) / 500.0));
  run.train.clear();
  CHECK(std::isnan(error()));
}

TEST_CASE("mean and deviation have the unit of the title") {
  std::vector<RunRecord> runs{record("resnet32", "cifar10", 1, 10, 90),
                              record("resnet32", "cifar10", 2, 10, 91)};
  runs[0].peak_bytes = 1'000'000;
  runs[1].peak_bytes = 3'000'000;
  CHECK(contains(
      group_table(group_runs(runs, {}), {&find_metric("peak_bytes", "test")}).format(TableFormat::csv),
      "2.0 ± 1.4 (2)"));
}

TEST_CASE("the best group has the lowest error or the highest speed, and a single group is not best") {
  std::vector<RunRecord> runs{record("resnet32", "cifar10", 1, 10, 90),
                              record("revnet38", "cifar10", 1, 10, 91)};
  runs[0].images_per_second = 300;
  runs[1].images_per_second = 400;
  const auto table = [&](const char* metric) {
    return group_table(group_runs(runs, {"network.architecture"}), {&find_metric(metric, "test")})
        .format(TableFormat::csv);
  };
  CHECK(contains(table("eval_error_percent"), "resnet32,1,90.00,*\n"));
  CHECK(contains(table("images_per_second"), "revnet38,1,400,*\n"));
  CHECK_FALSE(contains(table("iterations"), "best"));
  runs[0].config.dataset.validation = true;
  CHECK_FALSE(contains(table("eval_error_percent"), "*"));
  runs.pop_back();
  CHECK_FALSE(contains(table("eval_error_percent"), "best"));
}

TEST_CASE("runs on other images, or divided between other ranks, are groups of their own") {
  std::vector<RunRecord> runs{record("revnet38", "cifar10", 1, 10, 20),
                              record("revnet38", "cifar10", 1, 10, 40)};
  const auto error = [&] {
    return group_table(group_runs(runs, {}), {&find_metric("eval_error_percent", "test")})
        .format(TableFormat::csv);
  };
  runs[0].images = "imagenette";
  runs[1].images = "imagewoof";
  CHECK(error() == "runs,\"error, %\"\n1,20.00\n1,40.00\n");
  const std::vector<std::string> notes = group_runs(runs, {}).notes;
  REQUIRE(notes.size() == 1);
  CHECK(contains(notes[0], "differ in their images, in the number of ranks"));
  runs[0].images = runs[1].images;
  CHECK(contains(group_runs(runs, {}).notes.at(0), "has the settings and the seed of"));
  runs[1].ranks = "4";
  CHECK(error() == "runs,\"error, %\",best\n1,20.00,*\n1,40.00,\n");
  runs[1].ranks = "";
  runs[1].changes = "ranks 4 -> 1 after iteration 6";
  CHECK(error() == "runs,\"error, %\",best\n1,20.00,*\n1,40.00,\n");
}

TEST_CASE("a log that does not identify its images counts with those of its data set, where they agree") {
  std::vector<RunRecord> runs{
      record("revnet38", "cifar10", 1, 10, 20), record("revnet38", "cifar10", 2, 10, 20),
      record("revnet38", "cifar100", 1, 10, 40), record("revnet38", "cifar10", 3, 10, 20)};
  runs[1].images = "50000 and 10000 images, 1234abcd";
  fill_in_images(runs);
  CHECK(runs[0].images == runs[1].images);
  CHECK(runs[2].images.empty());
  CHECK(runs[3].images == runs[1].images);
  runs[0].images = "50000 and 10000 images, other";
  runs[3].images = "";
  fill_in_images(runs);
  CHECK(runs[3].images.empty());
}

TEST_CASE("averaged weights have a column where a run has them") {
  std::vector<RunRecord> runs{record("resnet32", "cifar10", 1, 10, 20),
                              record("resnet32", "cifar10", 2, 10, 21)};
  CHECK_FALSE(contains(run_table(runs).format(TableFormat::csv), "averaged"));
  runs[1].eval_average.push_back({10, 0.25, 18.5});
  const std::string table = run_table(runs).format(TableFormat::csv);
  CHECK(contains(table, ",\"error, %\",\"error, averaged weights, %\",cross entropy,"));
  CHECK(contains(table, ",complete,20.00,,0.3000,"));
  CHECK(contains(table, ",complete,21.00,18.50,0.3000,"));
}

TEST_CASE("a run without rows shows dashes, and programs get whole keys") {
  std::vector<RunRecord> runs = sweep();
  runs[0].train.clear();
  runs[0].eval.clear();
  runs[0].status = RunStatus::interrupted;
  const std::string people = run_table(runs, std::vector<std::string>(8, "no")).format(TableFormat::csv);
  CHECK(contains(people, "run,architecture,activations,seed,learning rate,status,\"error, %\","));
  CHECK(contains(people, "\nruns/1,revnet38,reconstructed,1,0.1,interrupted,,,,,,no\n"));
  runs[1].status = RunStatus::running;
  CHECK(contains(run_table(runs).format(TableFormat::csv),
                 "\nruns/2,revnet38,reconstructed,2,0.1,running at 10,3.00,0.3000,,,\n"));
  const std::string data =
      run_data("job", std::vector<std::string>(8, "j"), runs, varying_keys(runs)).format(TableFormat::csv);
  CHECK(contains(
      data, "job,network.architecture,network.activations,training.seed,training.learning_rate,status,"));
  CHECK(contains(data, "\nj,resnet32,stored,2,0.02,complete,10,0.100000,2,0.300000,2.2000,,,,,,,\n"));
}

}  // namespace
}  // namespace revnet
