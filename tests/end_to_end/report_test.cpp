// Reports and figures from short runs.
#include <cstdlib>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "end_to_end/runs.h"
#include "xml.h"

namespace revnet::testing {
namespace {

Outcome report(const std::filesystem::path& folder, const Arguments& arguments) {
  return run("revnet-report", folder, arguments);
}

// A page as a headless browser sees it: the document, and what the browser logs.
struct Seen {
  std::string dom, log;
};

Seen browse(const std::filesystem::path& folder, const std::string& page) {
  const std::string command =
      "cd '" + folder.string() +
      "' && timeout 60 chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage "
      "--no-first-run --disable-background-networking --user-data-dir=browser --enable-logging=stderr "
      "--dump-dom 'file://" +
      (folder / page).string() + "' > dom.html 2> browser.log";
  const int status = std::system(command.c_str());
  const Seen seen{read_file(folder / "dom.html"), read_file(folder / "browser.log")};
  CHECK_MESSAGE(status == 0, seen.log);
  return seen;
}

void check_in_browser(const std::filesystem::path& folder, const std::string& page) {
  if (std::system("command -v chromium > /dev/null") != 0) {
    MESSAGE("chromium is not installed: the check in a browser is skipped");
    return;
  }
  const Seen seen = browse(folder, page);
  CHECK_MESSAGE(!contains(seen.log, "CONSOLE"), seen.log);
  CHECK(count_of(seen.dom, "<table>") == 3);
  CHECK(count_of(seen.dom, "class=\"chart\"") == 2);
  CHECK(contains(seen.dom, "<title>RevNet-38, training: "));
  CHECK(contains(seen.dom, "</html>"));
  // To show that the log would tell: a script breaks the page's policy, and the browser must report it.
  std::string broken = read_file(folder / page);
  broken.insert(broken.find("<h1>"), "<script>document.title = 'x'</script>");
  write_file(folder / "broken.html", broken);
  CHECK(contains(browse(folder, "broken.html").log, "CONSOLE"));
}

// Checks the page of a trained run and of one that has only begun.
void check_page(const std::filesystem::path& folder, const std::string& tables) {
  const Outcome outcome = succeeded(report(folder, {"runs", "--html", "page.html"}));
  CHECK(outcome.out == tables);
  CHECK(outcome.err == "wrote page.html\n");
  CHECK(xml_error(read_file(folder / "page.html")) == "");
  check_in_browser(folder, "page.html");

  RunInfo info;
  info.config = to_yaml(Config());
  std::filesystem::create_directories(folder / "runs/begun");
  RunLog::create(RunFiles(folder / "runs/begun").run_log(), info).save();
  succeeded(report(folder, {"runs", "--html", "page.html"}));
  const std::string page = read_file(folder / "page.html");
  CHECK(xml_error(page) == "");
  CHECK(contains(page, "<th scope=\"row\">runs/begun</th>"));
}

void check_refused_pages(const std::filesystem::path& folder) {
  const std::string before = read_file(folder / "page.html");
  const auto refused = [&](const Arguments& arguments, int exit_code, const std::string& why) {
    const Outcome outcome = report(folder, arguments);
    INFO(outcome.text());
    CHECK(outcome.exit_code == exit_code);
    CHECK(is_one_line(outcome.err));
    CHECK(contains(outcome.err, why));
    CHECK(outcome.out == "");
  };
  refused({"runs", "--html", "nowhere/page.html"}, 2, "--html: nowhere is not a folder");
  refused({"runs", "--html", "runs/one/run.h5"}, 2, "'runs/one/run.h5' must end in .html");
  refused({"runs", "--html", "runs"}, 2, "'runs' is not a regular file");
  refused({"runs", "--html", "/dev/null"}, 2, "'/dev/null' is not a regular file");
  CHECK(read_file(folder / "page.html") == before);
}

void check_damaged_run(const std::filesystem::path& folder) {
  write_file(RunFiles(folder / "runs/damaged").run_log(), "no HDF5");
  const Outcome outcome = report(folder, {"runs"});
  CHECK(outcome.exit_code == 1);
  CHECK(is_one_line(outcome.err));
  CHECK(contains(outcome.err, "left out: runs/damaged/run.h5 "));
  CHECK(contains(outcome.out, "runs/one"));
}

TEST_CASE("a report has the paper's tables in every format") {
  const TemporaryDirectory folder;
  succeeded(train(folder.path(), {"synthetic", "--arch", "revnet38", "--batch", "5", "--iterations", "2",
                                  "--eval-every", "0", "--run-dir", "runs/one"}));
  const Outcome text = succeeded(report(folder.path(), {"runs"}));
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
  CHECK(csv.err == "Table 3: Left out, since the data set is synthetic: runs/one.\n");
  CHECK(contains(csv.out, ",no: the data set is synthetic\n"));
  const Outcome groups = report(folder.path(), {"runs", "--format", "csv", "--metric", "peak_bytes,seconds",
                                                "--group-by", "training.batch,network.engine"});
  CHECK(contains(groups.out, "training.batch,network.engine,runs,peak_bytes_mean,"));
  CHECK(contains(groups.out, "\n5,fused,1,"));
  CHECK_FALSE(contains(groups.out, "ResNet-110"));
  CHECK(contains(report(folder.path(), {}).out, "RevNet-110"));
  for (const Arguments& wrong :
       {Arguments{"nowhere"}, Arguments{"runs", "--format", "html"}, Arguments{"runs", "--metric", "speed"},
        Arguments{"runs", "--group-by", "batch"}, Arguments{"--group-by", "training.batch"}}) {
    const Outcome outcome = report(folder.path(), wrong);
    CHECK(outcome.exit_code == 2);
    CHECK(is_one_line(outcome.err));
  }
  check_page(folder.path(), text.out);
  check_refused_pages(folder.path());
  check_damaged_run(folder.path());
}

// Copies a file and gives a string in it an impossible size, on which HDF5 1.10 crashes.
void damage(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::string bytes = read_file(from);
  const std::size_t heap = bytes.find("GCOL"), highest_byte_of_size = 31;
  REQUIRE(heap != std::string::npos);
  bytes.at(heap + highest_byte_of_size) = '\x7f';
  write_file(to, bytes);
}

// Collects the results of two networks, two learning rates and two seeds, from logs written without training.
void collect_sweep(const std::filesystem::path& folder) {
  Config config;
  config.name = "q";
  config.dataset.name = Config::Dataset::Name::synthetic;
  config.network.engine = Config::Network::Engine::onednn;
  config.training.iterations = 10;
  write_file(folder / "q.yaml", to_yaml(config) +
                                    "sweep:\n  grid:\n    network.architecture: [resnet32, revnet38]\n"
                                    "    training.learning_rate: [0.01, 0.1]\n    training.seed: [1, 2]\n");
  for (const char* network : {"resnet32", "revnet38"}) {
    for (const char* rate : {"0.01", "0.1"}) {
      for (const char* seed : {"1", "2"}) {
        set_value(config, "network.architecture", network, "test");
        set_value(config, "network.activations", network[2] == 's' ? "stored" : "reconstructed", "test");
        set_value(config, "training.learning_rate", rate, "test");
        set_value(config, "training.seed", seed, "test");
        const RunFiles files(folder / "runs/q" /
                             fmt::format("{}-learning_rate{}-seed{}", network, rate, seed));
        write_file(files.config(), to_yaml(config));
        RunInfo info;
        info.config = to_yaml(config);
        RunLog log = RunLog::create(files.run_log(), info);
        for (const int row : {5, 10}) log.append(TrainRow{row, 1, 50, 0.1, 1.0 * row});
        log.append(EvalRow{10, 0.5,
                           100 * config.training.learning_rate + static_cast<double>(config.training.seed)});
        log.set_bytes({{"peak", 7'250'000}});
        log.set_status(RunStatus::complete);
        log.save();
      }
    }
  }
  succeeded(run("revnet-sweep", folder, {"collect", "q.yaml"}));
  CHECK(
      contains(read_file(folder / "runs/q/groups.csv"), "\nrevnet38,reconstructed,0.1,2,11.5000,0.7071,2,"));
}

TEST_CASE("figures are drawn from short runs, and each refusal is one line") {
  if (!can_draw()) return;
  const TemporaryDirectory folder;
  const auto compare = [&](const Arguments& arguments) {
    succeeded(Process("revnet-compare", folder.path(), arguments).wait());
  };
  const Arguments small{"synthetic", "--set", "network.units=1,1,2", "--batch", "4", "--iterations", "2"};
  // Exact coupling has angles of zero, which a logarithmic axis cannot show.
  compare(join({"gradient", "angle"}, join(small, {"--every", "1", "--keep-checkpoints", "--coupling",
                                                   "exact", "--run-dir", "angle"})));
  compare({"gradient", "angle", "--checkpoint", "angle/checkpoints", "--run-dir", "walk"});
  compare(join({"training"}, join(small, {"--run-dir", "training"})));
  compare({"memory", "--arch", "revnet38", "--units", "1", "--activations", "stored", "--batch", "2",
           "--steps", "1", "--output", "memory.h5"});
  compare({"memory", "--arch", "revnet38", "--units", "0", "--batch", "2,4", "--steps", "0", "--output",
           "planned.h5"});
  compare({"memory", "--arch", "revnet38", "--units", "1,2", "--batch", "2", "--batch", "4", "--steps", "0",
           "--output", "mixed.h5"});
  compare({"speed", "--arch", "revnet38", "--activations", "reconstructed", "--batch", "2", "--threads", "1",
           "--steps", "1", "--output", "speed.h5"});
  collect_sweep(folder.path());
  std::filesystem::copy(folder / "runs/q/results.h5", folder / "sweep.h5");
  damage(RunFiles(folder / "training/stored").run_log(), folder / "damaged.h5");
  std::filesystem::create_directories(folder / "fig");
  const std::vector<std::string> drawn{"curves angle training --output curves.svg",
                                       "angle angle walk --output angle.svg",
                                       "training training --output training.svg",
                                       "depth angle --output depth.svg",
                                       "memory memory.h5 planned.h5 --output memory.png",
                                       "speed speed.h5 --output speed.svg",
                                       "sweep sweep.h5 --output sweep.svg",
                                       "sweep sweep.h5 --x training.learning_rate --y eval_error_percent "
                                       "--lines network.architecture --output one.svg"};
  const std::vector<std::pair<std::string, std::string>> refused{
      {"curves training/stored --output fig/noext",
       "curves: --output fig/noext: the name must end in one of .svg"},
      {"curves training/stored --output c.gif",
       "curves: --output c.gif: the name must end in one of .svg, .png, .pdf"},
      {"curves fig", "curves: fig: no run there"},
      {"curves training/stored --output fig/none/c.svg", "curves: cannot write fig/none/c.svg: No such file"},
      {"curves memory.h5", "curves: memory.h5 has no config"},
      {"speed memory.h5", "speed: memory.h5 is not from revnet-compare speed"},
      {"angle training", "angle: cannot read training/angle.h5"},
      {"depth walk", "depth: cannot read walk/run.h5"},
      {"memory mixed.h5", "memory: mixed.h5 has several depths and several batches"},
      {"curves damaged.h5", "curves: damaged.h5 is damaged: "},
      {"sweep sweep.h5 --x training.batch --lines network.architecture",
       "sweep: sweep.h5: runs of one line would differ in training.learning_rate: add it to --lines"},
      {"sweep sweep.h5 --x batch", "sweep: sweep.h5 has no setting 'batch'; these vary: network.activations"},
      {"sweep sweep.h5 --lines ,", "sweep: sweep.h5 has no setting ''; these vary: network.activations"},
      {"sweep sweep.h5 --y speed", "sweep: sweep.h5 has no jobs/speed"},
      {"sweep sweep.h5 --y status", "sweep: sweep.h5: jobs/status is no metric"},
      {"sweep sweep.h5 --y settings", "sweep: sweep.h5: jobs/settings is no metric"}};
  std::vector<std::string> lines = drawn;
  for (const auto& [line, why] : refused) lines.push_back(line);
  const std::vector<std::string> answers = figures(folder.path(), lines);
  REQUIRE(answers.size() == lines.size());
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    CHECK(drawn[i].ends_with("--output " + answers[i]));
    CHECK(std::filesystem::file_size(folder / answers[i]) > 5000);
  }
  // Labels that would be the same have the run's name.
  CHECK(contains(read_file(folder / "angle.svg"), "exact coupling, walk"));
  for (std::size_t i = 0; i < refused.size(); ++i) {
    CHECK_MESSAGE(contains(answers[drawn.size() + i], "figures.py " + refused[i].second),
                  answers[drawn.size() + i]);
  }
  CHECK(std::filesystem::is_empty(folder / "fig"));
}

}  // namespace
}  // namespace revnet::testing
