// Reports and figures from short runs.
#include <cstdlib>

#include <doctest/doctest.h>

#include "end_to_end/runs.h"
#include "xml.h"

namespace revnet::testing {
namespace {

Outcome report(const std::filesystem::path& folder, const Arguments& arguments) {
  return run("revnet-report", folder, arguments);
}

// What a browser without a window makes of a page: the document, and what it logs.
struct Seen {
  std::string dom, log;
};

Seen browse(const std::filesystem::path& folder, const std::string& page) {
  const std::string command =
      "cd '" + folder.string() +
      "' && timeout 60 chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage "
      "--no-first-run"
      " --disable-background-networking --user-data-dir=browser --enable-logging=stderr --dump-dom 'file://" +
      (folder / page).string() + "' > dom.html 2> browser.log";
  const int status = std::system(command.c_str());
  const Seen seen{read_file(folder / "dom.html"), read_file(folder / "browser.log")};
  CHECK_MESSAGE(status == 0, seen.log);
  return seen;
}

void check_in_browser(const std::filesystem::path& folder, const std::string& page) {
  if (std::system("command -v chromium > /dev/null") != 0) {
    MESSAGE("chromium is not installed: no page is opened");
    return;
  }
  const Seen seen = browse(folder, page);
  CHECK_MESSAGE(!contains(seen.log, "CONSOLE"), seen.log);
  CHECK(count_of(seen.dom, "<table>") == 3);
  CHECK(count_of(seen.dom, "class=\"chart\"") == 2);
  CHECK(contains(seen.dom, "<title>RevNet-38, training: "));
  CHECK(contains(seen.dom, "</html>"));
  // The browser would say it when a page broke its own policy.
  std::string broken = read_file(folder / page);
  broken.insert(broken.find("<h1>"), "<script>document.title = 'x'</script>");
  write_file(folder / "broken.html", broken);
  CHECK(contains(browse(folder, "broken.html").log, "CONSOLE"));
}

// Of a trained run and one that has only begun.
void check_page(const std::filesystem::path& folder, const std::string& tables) {
  const Outcome outcome = report(folder, {"runs", "--html", "page.html"});
  REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.text());
  CHECK(outcome.out == tables);
  CHECK(outcome.err == "wrote page.html\n");
  CHECK(xml_error(read_file(folder / "page.html")) == "");
  check_in_browser(folder, "page.html");

  RunInfo info;
  info.config = to_yaml(Config());
  std::filesystem::create_directories(folder / "runs/begun");
  RunLog::create(RunFiles(folder / "runs/begun").run_log(), info).save(false);
  const Outcome both = report(folder, {"runs", "--html", "page.html"});
  CHECK_MESSAGE(both.exit_code == 0, both.text());
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
  refused({"runs", "--html", "nowhere/page.html"}, 1, "nowhere/page.html");
  refused({"runs", "--html", "runs"}, 2, "'runs' is no file to write to");
  refused({"runs", "--html", "/dev/null"}, 2, "'/dev/null' is no file to write to");
  write_file(RunFiles(folder / "runs/damaged").run_log(), "no HDF5");
  refused({"runs", "--html", "page.html"}, 1, "runs/damaged/run.h5");
  CHECK(read_file(folder / "page.html") == before);
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
  check_page(folder.path(), text.out);
  check_refused_pages(folder.path());
}

TEST_CASE("figures are drawn from short runs") {
  if (!can_draw()) return;
  const TemporaryDirectory folder;
  const auto compare = [&](const Arguments& arguments) {
    const Outcome outcome = Process("revnet-compare", folder.path(), arguments).wait();
    REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.text());
  };
  const Arguments small{"synthetic",    "--arch", "revnet38",     "--batch", "4",
                        "--iterations", "4",      "--eval-every", "2"};
  compare(
      join({"gradient", "angle"}, join(small, {"--every", "2", "--keep-checkpoints", "--run-dir", "angle"})));
  compare({"gradient", "angle", "--checkpoint", "angle/checkpoints", "--run-dir", "walk"});
  compare(join({"training"}, join(small, {"--run-dir", "training"})));
  compare({"memory", "--arch", "revnet38", "--units", "1", "--units", "2", "--batch", "2", "--steps", "1",
           "--output", "memory.h5"});
  compare({"speed", "--arch", "revnet38", "--batch", "2", "--batch", "4", "--steps", "1", "--output",
           "speed.h5"});
  CHECK(draws(folder.path(), "curves angle training/stored --output curves.svg"));
  CHECK(draws(folder.path(), "angle angle walk --output angle.png"));
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
