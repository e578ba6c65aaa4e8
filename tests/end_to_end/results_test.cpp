// scripts/results.py copies the logs of runs and makes tables from them.
#include <cstdlib>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "end_to_end/runs.h"
#include "record/checksums.h"
#include "record/hdf5.h"
#include "report/paper.h"
#include "settings/config.h"
#include "system/host.h"

namespace revnet::testing {
namespace {

namespace fs = std::filesystem;

const fs::path kept = fs::path(REVNET_SCRIPTS_DIR).parent_path() / "experiments/results";

// The marks between which scripts/results.py writes into README.md.
const std::string begin = "<!-- made by `make results` from here -->\n";
const std::string end = "<!-- made by `make results` up to here -->\n";

// The output of scripts/results.py, errors included.
std::string results(const fs::path& folder, const std::string& arguments) {
  const TemporaryDirectory captured;
  const std::string output = (captured / "output").string();
  const std::string command = "/usr/bin/python3 '" REVNET_SCRIPTS_DIR "/results.py' --report '" REVNET_BIN_DIR
                              "/revnet-report' --results '" +
                              folder.string() + "' " + arguments + " > '" + output + "' 2>&1 || true";
  return std::system(command.c_str()) == 0 ? read_file(output) : "(no shell)";
}

// A run to keep in experiments/results: the paper's recipe at a tenth of the schedule.
struct Kept {
  std::string network;
  std::uint64_t seed = 1;
  double error = 0;
  RunStatus status = RunStatus::complete;
  Config::Network::Engine engine = Config::Network::Engine::fused;
};

void keep(const fs::path& folder, const std::string& name, const Kept& run) {
  Config config;
  config.name = name;
  using Network = Config::Network;
  config.network.architecture = run.network;
  config.network.activations =
      run.network == "revnet38" ? Network::Activations::reconstructed : Network::Activations::stored;
  config.network.engine = run.engine;
  config.training.iterations = 8000;
  config.training.seed = run.seed;
  config.training.threads = static_cast<int>(run.seed);
  const fs::path directory = folder / "runs" / name;
  fs::create_directories(directory);
  RunLog log =
      RunLog::create(RunFiles(directory).run_log(),
                     {.command = "revnet-train",
                      .version = "0.1.0",
                      .host = "host",
                      .cpu = "CPU",
                      .onednn_version = "2.6.3",
                      .threads = config.training.threads,
                      .seed = run.seed,
                      .config = to_yaml(config),
                      .extra = {{"architecture", config.network.architecture},
                                {"activations", std::string(revnet::name(config.network.activations))},
                                {"instruction_set", "avx2"}}});
  log.append(TrainRow{3990, 1, 50, 0.1, 10});
  log.append(TrainRow{4000, 1, 50, 0.1, 14});
  log.append(EvalRow{4000, 0.5, run.error});
  log.set_bytes({{"saved_activations", 5'000'000}, {"peak", 7'250'000}});
  log.set_status(run.status);
  log.save();
}

TEST_CASE("the tables in experiments/results agree with its logs") {
  if (!has_h5py()) return;
  const std::string text = read_file(kept / "README.md");
  const std::size_t from = text.find(begin), to = text.find(end);
  REQUIRE(from != std::string::npos);
  REQUIRE(to != std::string::npos);
  CHECK(text.substr(from + begin.size(), to - from - begin.size()) == results(kept, "tables"));
}

TEST_CASE("scripts/results.py and revnet-report quote the same errors of the paper") {
  const std::string text = read_file(kept / "README.md");
  for (const PaperRow& row : paper_rows) {
    for (const double error : {row.error_10, row.error_100}) {
      CHECK(contains(text, fmt::format("| {} | {:.2f} |", row.title, error)));
    }
  }
}

TEST_CASE("the logs in experiments/results are small, and name neither a host nor an absolute path") {
  std::uintmax_t bytes = 0;
  for (const auto& [path, contents] : snapshot(kept / "runs")) {
    bytes += contents.size();
    std::string text = contents;
    if (path.ends_with(".h5")) {
      const hdf5::Reader log(kept / "runs" / path);
      CHECK_MESSAGE(log.text_attribute("/", "host") == "host", path);
      text = " " + log.text_attribute("/", "command");
      if (path.ends_with("run.h5")) text += "\n" + log.text("config");
    }
    CHECK_MESSAGE(!contains(text, " /"), path);
    CHECK_MESSAGE(!contains(text, "\"/"), path);
  }
  CHECK(bytes > 0);
  CHECK(bytes < 12'000'000);
}

TEST_CASE("logs are collected whole except for the names of machines and folders") {
  if (!has_h5py()) return;
  const TemporaryDirectory folder;
  const fs::path run = folder / "sweep/first";
  succeeded(train(folder.path(),
                  {"synthetic", "--arch", "revnet38", "--batch", "50", "--iterations", "2", "--log-every",
                   "1", "--run-dir", run.string(), "--data-dir", (folder / "images").string()}));
  const fs::path copy = folder / "kept/runs/named/first";
  CHECK(results(folder / "kept", "collect '" + (folder / "sweep").string() + "' named") ==
        copy.string() + "\n");

  const RunLog before = open_log(run), after = open_log(copy);
  CHECK(first_difference_of_rows(before, after) == "");
  CHECK(after.train().size() == 2);
  CHECK(after.eval().size() == 1);
  CHECK(after.bytes() == before.bytes());
  CHECK(after.status() == RunStatus::complete);
  CHECK(after.info().host == "host");
  CHECK(after.info().extra == before.info().extra);
  CHECK(contains(after.info().command, "revnet-train synthetic"));
  CHECK(contains(after.info().command, "--run-dir first --data-dir images"));
  Config config = open_config(run);
  config.dataset.directory = "images";
  CHECK(to_yaml(open_config(copy)) == to_yaml(config));
  CHECK(after.info().config == read_file(copy / "config.yaml"));

  std::string text = read_file(run / "run.log");
  const std::string machine = " on " + host_name() + ",";
  REQUIRE(contains(text, machine));
  text.replace(text.find(machine), machine.size(), " on host,");
  CHECK(read_file(copy / "run.log") == text);
  const auto files = snapshot(copy);
  CHECK(files.size() == 3);
  write_file(copy / "angle.h5", "of a run that has been replaced");
  results(folder / "kept", "collect '" + (folder / "sweep").string() + "' named");
  CHECK(snapshot(copy).size() == 3);
  for (const auto& [path, contents] : files) CHECK_MESSAGE(!contains(contents, folder.path().string()), path);

  CHECK(contains(results(folder / "kept", "collect '" + (folder / "images").string() + "'"),
                 "images holds no run"));
}

TEST_CASE("Table 3 pools complete runs that differ only in the seed") {
  if (!has_h5py()) return;
  const TemporaryDirectory folder;
  keep(folder.path(), "resnet32", {.network = "resnet32", .seed = 1, .error = 14});
  keep(folder.path(), "resnet32-seed2", {.network = "resnet32", .seed = 2, .error = 16});
  keep(folder.path(), "revnet38", {.network = "revnet38", .seed = 1, .error = 13.5});
  keep(folder.path(), "revnet38-seed2",
       {.network = "revnet38", .seed = 2, .error = 90, .status = RunStatus::running});
  std::string tables = results(folder.path(), "tables");
  CHECK(contains(tables, "| ResNet-32 | 7.14 | 7.26 | 7.14 | - | 15.00 ± 1.41 (2) |\n"));
  CHECK(contains(tables, "| RevNet-38 | 7.24 | 6.86 | 7.20 | - | 13.50 |\n"));
  CHECK(contains(tables, "| *RevNet-38 - ResNet-32* | +0.10 | -0.40 | +0.06 | - | -1.50 |\n"));
  CHECK(contains(
      tables, "| resnet32-seed2 | 2 | 16.00 | 0.5000 | 0:00:14 | 250 | 5.0 MB | 7.2 MB | CPU, avx2 | 2 |"));
  CHECK(contains(tables, "| revnet38-seed2 | 2 | interrupted | 4,000 of 8,000 | 90.00 at 4,000 | 0:00:14 |"));
  CHECK(count_of(tables, "revnet38-seed2") == 1);

  keep(folder.path(), "revnet38-seed2", {.network = "revnet38", .seed = 2, .error = 14.5});
  tables = results(folder.path(), "tables");
  CHECK(contains(tables, "| - | -1.00 ± 1.12 |\n"));  // sqrt(2 / 2 + 0.5 / 2)

  keep(folder.path(), "resnet32-again", {.network = "resnet32", .seed = 2, .error = 14});
  keep(folder.path(), "resnet32-other",
       {.network = "resnet32", .seed = 3, .error = 14, .engine = Config::Network::Engine::onednn});
  tables = results(folder.path(), "tables");
  CHECK(contains(tables, "| - | 14.00 ± 0.00 (2) |\n"));
  CHECK(contains(tables, "\n- resnet32-other: network.engine is onednn, in the cell fused\n"));
  CHECK(contains(tables, "\n- resnet32-seed2: it has the settings and the seed of " +
                             (folder / "runs/resnet32-again").string() + "\n"));
}

TEST_CASE("tables are written between their marks, and figures next to the README") {
  if (!can_draw()) return;
  const TemporaryDirectory folder;
  keep(folder.path(), "resnet32", {.network = "resnet32", .error = 14});
  write_file(folder / "README.md", "before\n" + begin + "old\n" + end + "after\n");
  const std::string readme = (folder / "README.md").string();
  const std::string figure = (folder / "curves-cifar10-tenth.svg").string();
  CHECK(results(folder.path(), "write") == readme + "\n" + figure + "\n");
  CHECK(read_file(readme) == "before\n" + begin + results(folder.path(), "tables") + end + "after\n");
  CHECK(contains(read_file(readme), "(curves-cifar10-tenth.svg)"));
  CHECK(contains(read_file(figure), "</svg>"));

  write_file(folder / "README.md", "before\n");
  CHECK(contains(results(folder.path(), "write"), "README.md has no place for the tables"));
  CHECK(read_file(readme) == "before\n");
}

}  // namespace
}  // namespace revnet::testing
