// revnet-compare gradient angle, training and memory, as a user runs them.
#include <csignal>
#include <sstream>

#include <doctest/doctest.h>

#include "base/text.h"
#include "end_to_end/runs.h"
#include "record/hdf5.h"

namespace revnet::testing {
namespace {

Outcome compare(const std::filesystem::path& folder, const Arguments& arguments) {
  return run("revnet-compare", folder, arguments);
}

Arguments angle(const std::string& run) {
  return {
      "gradient", "angle",   "synthetic", "--arch",    "revnet38", "--batch",      "10", "--iterations",
      "12",       "--every", "2",         "--run-dir", run,        "--eval-every", "0",  "--checkpoint-every",
      "1"};
}

const std::vector<std::string> columns{"degrees",
                                       "forced/degrees",
                                       "flipped",
                                       "stage2/relative_l2",
                                       "units/stage3/unit2/degrees",
                                       "stage1/reconstruction/relative_l2"};

TEST_CASE("a study takes the data set that its experiment file or --set names") {
  const TemporaryDirectory folder;
  write_file(folder / "e.yaml", "dataset: {name: cifar100}\n");
  const Outcome file = compare(folder.path(), {"training", "--config", "e.yaml", "--data-dir", "none"}),
                setting = compare(folder.path(), {"gradient", "angle", "--set", "dataset.name=cifar100",
                                                  "--data-dir", "none"});
  for (const Outcome& outcome : {file, setting}) {
    CHECK(outcome.exit_code == 1);
    CHECK_MESSAGE(contains(outcome.err, "none/cifar-100-binary"), outcome.err);
  }
}

TEST_CASE("an angle study that is interrupted and resumed has the rows of an uninterrupted one") {
  const TemporaryDirectory folder;
  const Outcome whole = succeeded(compare(folder.path(), angle("whole")));
  CHECK(contains(whole.out, "flipped ReLUs"));
  CHECK(contains(whole.err, shell_quoted(REVNET_SCRIPTS_DIR "/figures.py") + " angle whole"));
  {
    Process process("revnet-compare", folder.path(), angle("run"));
    const bool running = process.reaches([&] { return saved_iterations(folder / "run") >= 3; });
    process.send(SIGTERM);
    const Outcome outcome = process.wait();
    REQUIRE_MESSAGE(running, outcome.text());
    REQUIRE_MESSAGE(outcome.exit_code == 3, outcome.text());
  }
  succeeded(compare(folder.path(), {"gradient", "angle", "--run-dir", "run", "--resume"}));
  CHECK(first_difference(folder / "whole", folder / "run") == "");
  const hdf5::Reader a(folder / "whole/angle.h5"), b(folder / "run/angle.h5");
  CHECK(a.integers("angle/iteration") == std::vector<std::int64_t>{0, 2, 4, 6, 8, 10, 12});
  CHECK(b.integers("angle/iteration") == a.integers("angle/iteration"));
  for (const std::string& column : columns) {
    CAPTURE(column);
    CHECK(a.doubles("angle/" + column) == b.doubles("angle/" + column));
  }
  const Outcome other =
      compare(folder.path(), {"gradient", "angle", "--run-dir", "run", "--resume", "--every", "3"});
  CHECK(other.exit_code == 2);
  CHECK(contains(other.err, "every was 2"));
  const Outcome beside =
      compare(folder.path(), {"gradient", "angle", "--checkpoint", "run/checkpoint.h5", "--run-dir", "run"});
  CHECK(beside.exit_code == 2);
  CHECK(contains(beside.err, "run holds a run, whose own angle.h5"));
}

TEST_CASE("compare training resumes as a whole") {
  const TemporaryDirectory folder;
  const Arguments settings{
      "training", "synthetic",    "--arch", "revnet38",     "--set", "network.units=1,1,2", "--batch",
      "10",       "--iterations", "16",     "--eval-every", "8",     "--checkpoint-every",  "1"};
  const Outcome whole = succeeded(compare(folder.path(), join(settings, {"--run-dir", "whole"})));
  CHECK(contains(whole.out, "reconstructed"));
  {
    Process process("revnet-compare", folder.path(), join(settings, {"--run-dir", "run"}));
    const bool running = process.reaches([&] { return saved_iterations(folder / "run/reconstructed") >= 2; });
    process.send(SIGINT);
    const Outcome outcome = process.wait();
    REQUIRE_MESSAGE(running, outcome.text());
    REQUIRE_MESSAGE(outcome.exit_code == 3, outcome.text());
  }
  const Outcome rest = succeeded(compare(folder.path(), join(settings, {"--run-dir", "run", "--resume"})));
  CHECK(rest.out == whole.out);
  CHECK(first_difference(folder / "whole/stored", folder / "run/stored") == "");
  CHECK(first_difference(folder / "whole/reconstructed", folder / "run/reconstructed") == "");
}

TEST_CASE("compare memory measures every activation mode in a fresh process") {
  const TemporaryDirectory folder;
  const Outcome outcome =
      succeeded(compare(folder.path(), {"memory", "--units", "1", "--units", "2", "--units", "4", "--batch",
                                        "2", "--threads", "1", "--steps", "1", "--format", "csv"}));
  CHECK(contains(outcome.out, "resnet32,1-1-1,3,stored,"));
  CHECK(contains(outcome.out, "revnet38,4-4-4,12,reconstructed,"));
  CHECK(contains(outcome.err, "a fit of the growth with depth needs at least 5 depths (--units)"));
  const hdf5::Reader log(folder / "runs/memory.h5");
  CHECK(log.integers("cases/depth").size() == 3 * 3 + 3 * 4);
  for (const std::int64_t bytes : log.integers("cases/resident_bytes")) CHECK(bytes > 1'000'000);
}

TEST_CASE("compare memory leaves out what does not fit into memory, and keeps the rest") {
  const TemporaryDirectory folder;
  write_file(folder / "run.sh", "ulimit -v 1500000; exec '" REVNET_BIN_DIR
                                "/revnet-compare' memory --arch resnet32 --activations stored --units 1 "
                                "--units 300 --batch 20 --threads 1 --steps 1 --format csv --output few.h5");
  const Outcome outcome = run("/bin/sh", folder.path(), {"run.sh"});
  CHECK_MESSAGE(outcome.exit_code == 1, outcome.text());
  CHECK(contains(outcome.err, "failed (exit code 1): revnet-compare memory: this run needs "));
  CHECK(contains(outcome.out, "resnet32,1-1-1,3,stored,"));
  CHECK(hdf5::Reader(folder / "few.h5").integers("cases/depth").size() == 1);
}

TEST_CASE("compare memory works in a folder with an apostrophe in its name") {
  const TemporaryDirectory folder;
  const std::filesystem::path program = folder / "it's here" / "revnet-compare";
  std::filesystem::create_directory(program.parent_path());
  std::filesystem::copy_file(std::filesystem::path(REVNET_BIN_DIR) / "revnet-compare", program);
  const Outcome outcome = succeeded(run(
      program.string(), folder.path(),
      {"memory", "--arch", "resnet32", "--activations", "stored", "--units", "1", "--batch", "2", "--threads",
       "1", "--steps", "1", "--format", "csv", "--set", "network.widths=16,32,48", "--image-size", "16"}));
  CHECK(contains(outcome.out, "resnet32+widths=16-32-48,1-1-1,3,stored,"));
}

TEST_CASE("compare memory takes networks that images of the requested size fit, and no others do") {
  const TemporaryDirectory folder;
  const auto plan = [&](const std::string& size) {
    return compare(folder.path(), {"memory", "--set", "network.strides=1,3,2", "--units", "1", "--batch", "2",
                                   "--steps", "0", size});
  };
  CHECK(plan("--image-size=96").exit_code == 0);
  CHECK(contains(plan("--image-size=64").err, "which does not divide 64x64"));
  CHECK(contains(plan("--set=dataset.image_size=64").err, "which does not divide 64x64"));
}

TEST_CASE("compare memory measures the network and the activations that the settings name") {
  const TemporaryDirectory folder;
  write_file(folder / "e.yaml", "network: {architecture: revnet38, activations: stored}\n");
  const Outcome outcome =
      succeeded(compare(folder.path(), {"memory", "--config", "e.yaml", "--units", "1", "--batch", "2",
                                        "--steps", "0", "--format", "csv", "--threads", "1"}));
  CHECK(contains(outcome.out, "\nrevnet38,1-1-1,3,stored,"));
  CHECK_FALSE(contains(outcome.out, "resnet32"));
  CHECK_FALSE(contains(outcome.out, "reconstructed"));

  const auto plan = [&](const Arguments& units) {
    return succeeded(
               compare(folder.path(), join({"memory", "--config", "e.yaml", "--set", "network.units=1,2,1",
                                            "--batch", "2", "--steps", "0", "--format", "csv", "--force"},
                                           units)))
        .out;
  };
  CHECK(contains(plan({}), "\nrevnet38,1-2-1,4,stored,"));
  CHECK(contains(plan({"--units", "2"}), "\nrevnet38,2-2-2,6,stored,"));
}

TEST_CASE("compare memory finds the largest batch within a limit") {
  const TemporaryDirectory folder;
  const Outcome outcome = succeeded(compare(folder.path(), {"memory", "--arch", "revnet38", "--memory-limit",
                                                            "500MB", "--threads", "1", "--format", "csv"}));
  std::istringstream lines(outcome.out);
  std::map<std::string, int> batches;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream cells(line);
    std::string network, activations, batch;
    std::getline(cells, network, ',');
    std::getline(cells, activations, ',');
    std::getline(cells, batch, ',');
    if (network == "revnet38") batches[activations] = std::stoi(batch);
  }
  REQUIRE(batches.size() == 4);
  CHECK(batches["stored"] > 10);
  // The process, its data set and its activations must fit together.
  const std::int64_t bytes = 50'000 * 3073 + 100'000'000 + 1'500'000 * batches["stored"];
  CHECK(bytes < 500'000'000);
  CHECK(batches["reconstructed"] > 1.5 * batches["stored"]);
}

TEST_CASE("compare memory --try also runs the largest batch, within the limit") {
  const TemporaryDirectory folder;
  const Outcome outcome = succeeded(
      compare(folder.path(), {"memory", "--arch", "resnet32", "--activations", "stored", "--memory-limit",
                              "300MB", "--try", "--threads", "1", "--format", "csv"}));
  std::istringstream lines(outcome.out);
  std::string header, network, activations, batch, planned, resident, share;
  std::getline(lines, header);
  CHECK(header == "network,activations,largest batch,planned,resident,of the limit");
  for (std::string* cell : {&network, &activations, &batch, &planned, &resident}) {
    std::getline(lines, *cell, ',');
  }
  std::getline(lines, share);
  CHECK(outcome.err ==
        "1/1  resnet32, stored\nresnet32, stored: a step with batch 8\n"
        "resnet32, stored: a step with batch " +
            batch + "\n");
  // A step keeps 1.3 MB for each image. The plan leaves room for CIFAR's 184 MB, which this step does
  // without.
  CHECK(std::stoi(batch) > 20);
  CHECK(std::stod(resident) > 1.3 * std::stoi(batch));
  CHECK(std::stod(resident) < 300 - 150);
  CHECK(std::stod(share) == doctest::Approx(std::stod(resident) / 3).epsilon(0.01));
}

TEST_CASE("studies refuse impossible settings") {
  const TemporaryDirectory folder;
  const auto refused = [&](const Arguments& arguments, const std::string& why) {
    check_refused("revnet-compare", folder.path(), arguments, why);
    CHECK_FALSE(std::filesystem::exists(folder / "runs"));
  };
  refused({"gradient"}, "revnet-compare gradient needs a command: angle");
  refused({"gradient", "angle", "synthetic", "--arch", "resnet32"}, "not reversible");
  refused({"gradient", "angle", "synthetic", "--every", "0"}, "--every");
  refused({"gradient", "angle", "synthetic", "--micro-batch", "50"},
          "the angle is measured on whole batches");
  refused({"gradient", "angle", "--checkpoint", "none.h5"}, "--run-dir");
  refused({"training", "synthetic", "--arch", "resnet110"}, "not reversible");
  refused({"training", "synthetic", "--activations", "reconstructed"}, "leave it out");
  refused({"training", "synthetic", "--set", "network.activations=stored"}, "leave it out");
  refused({"memory", "--set", "training.learning_rate=1"}, "--set training.learning_rate changes nothing");
  refused({"memory", "--memory-limit", "1GB", "--set", "training.batch=7"},
          "changes nothing with --memory-limit");
  refused({"memory", "--memory-limit", "lots"}, "8GiB");
  refused({"memory", "--set", "training.micro_batch=10"}, "add --set training.micro_batch=0");
  refused({"gradient", "angel"}, "revnet-compare gradient has no command 'angel'; it has angle");
  refused({"memory", "--arch", "resnet32", "--activations", "reconstructed"}, "cannot be reconstructed");
}

}  // namespace
}  // namespace revnet::testing
