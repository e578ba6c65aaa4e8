// Reports and figures from short runs.
#include <cstdlib>

#include <doctest/doctest.h>

#include "end_to_end/runs.h"

namespace revnet::testing {
namespace {

Outcome report(const std::filesystem::path& folder, const Arguments& arguments) {
  return run("revnet-report", folder, arguments);
}

TEST_CASE("a report has the paper's tables in every format") {
  const TemporaryDirectory folder;
  const Outcome trained =
      train(folder.path(), {"synthetic", "--arch", "revnet38", "--batch", "5", "--iterations", "2",
                            "--eval-every", "0", "--run-dir", "runs/one"});
  REQUIRE_MESSAGE(trained.exit_code == 0, trained.text());
  const Outcome text = report(folder.path(), {"runs"});
  REQUIRE_MESSAGE(text.exit_code == 0, text.text());
  CHECK(contains(text.out, "RevNet-164"));
  CHECK(contains(text.out, "1,748,778"));
  CHECK(contains(text.out, "runs/one"));
  CHECK(contains(text.out, "\n    revnet-train cifar10 --arch resnet32\n"));
  CHECK(text.err == "");
  CHECK(contains(report(folder.path(), {"runs", "--format", "markdown"}).out, "| RevNet-38 |"));
  CHECK(contains(report(folder.path(), {"runs", "--format", "latex"}).out, "\\begin{tabular}"));
  const Outcome csv = report(folder.path(), {"runs", "--format", "csv"});
  CHECK(contains(csv.out, "\nResNet-110,basic,18-18-18,"));
  CHECK_FALSE(contains(csv.out, "revnet-train"));
  CHECK(contains(csv.err, "to fill a cell of Table 3: revnet-train cifar10 --arch resnet32\n"));
  CHECK(contains(report(folder.path(), {}).out, "RevNet-110"));
  for (const Arguments& wrong : {Arguments{"nowhere"}, Arguments{"runs", "--format", "html"}}) {
    const Outcome outcome = report(folder.path(), wrong);
    CHECK(outcome.exit_code == 2);
    CHECK(is_one_line(outcome.err));
  }
}

// Draws with the interpreter that has the Debian packages.
bool draws(const std::filesystem::path& folder, const std::string& arguments) {
  const std::string command = "cd '" + folder.string() +
                              "' && /usr/bin/python3 '" REVNET_SCRIPTS_DIR "/figures.py' " + arguments +
                              " > /dev/null 2> figures.err";
  const int status = std::system(command.c_str());
  INFO(read_file(folder / "figures.err"));
  CHECK(status == 0);
  return status == 0;
}

TEST_CASE("figures are drawn from short runs") {
  if (std::system("/usr/bin/python3 -c 'import h5py, matplotlib' 2> /dev/null") != 0) {
    MESSAGE("python3-h5py or python3-matplotlib is not installed: no figure is drawn");
    return;
  }
  const TemporaryDirectory folder;
  const auto compare = [&](const Arguments& arguments) {
    const Outcome outcome = Process("revnet-compare", folder.path(), arguments).wait();
    REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.text());
  };
  const Arguments small{"synthetic",    "--arch", "revnet38",     "--batch", "4",
                        "--iterations", "4",      "--eval-every", "2"};
  compare(join({"gradient", "angle"}, join(small, {"--every", "2", "--run-dir", "angle"})));
  compare(join({"training"}, join(small, {"--run-dir", "training"})));
  compare({"memory", "--arch", "revnet38", "--units", "1", "--units", "2", "--batch", "2", "--steps", "1",
           "--output", "memory.h5"});
  compare({"speed", "--arch", "revnet38", "--batch", "2", "--batch", "4", "--steps", "1", "--output",
           "speed.h5"});
  CHECK(draws(folder.path(), "curves angle training/stored --output curves.svg"));
  CHECK(draws(folder.path(), "angle angle --output angle.png"));
  CHECK(draws(folder.path(), "training training --output training.svg"));
  CHECK(draws(folder.path(), "memory memory.h5 --output memory.svg"));
  CHECK(draws(folder.path(), "speed speed.h5 --output speed.svg"));
  for (const char* figure : {"curves.svg", "angle.png", "training.svg", "memory.svg", "speed.svg"}) {
    CAPTURE(figure);
    CHECK(std::filesystem::file_size(folder / figure) > 5000);
  }
  CHECK_FALSE(
      std::system(("cd '" + folder.path().string() +
                   "' && /usr/bin/python3 '" REVNET_SCRIPTS_DIR "/figures.py' speed memory.h5 2> /dev/null")
                      .c_str()) == 0);
}

}  // namespace
}  // namespace revnet::testing
