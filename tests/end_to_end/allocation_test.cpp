// Every allocation of a command fails once: it ends with one line, and nothing is lost.
//
// A command makes a hundred thousand of them, most on call paths that it has come along before. One
// allocation of each path (ten callers deep) stands for the others; $REVNET_TORTURE_ALLOCATIONS says how many
// of these are tried at most.
//
// Outside of revnet, and not to be mended from here: oneDNN 2.6 and HDF5 1.10 crash on some of their own
// allocations that fail (oneDNN's operator new returns null without saying that it may), HDF5 ends the
// process on others (exit code 255), libgomp on all of its own (exit code 1 and a line), and libstdc++ where
// a directory iterator, which promises not to throw, finds no memory for a path. Those are counted, and
// nothing may be lost there, either. The libraries' static initialisation, before main(), does not count.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <sstream>

#include <doctest/doctest.h>

#include "data/jpeg_files.h"
#include "end_to_end/runs.h"

// A sanitizer has a malloc of its own.
#ifndef __SANITIZE_ADDRESS__

namespace revnet::testing {
namespace {

namespace fs = std::filesystem;

Arguments fresh(const std::string& run) {
  return {"images",
          "--data-dir",
          "set.h5",
          "--image-size",
          "32",
          "--arch",
          "resnet32",
          "--set",
          "network.units=1,1,1",
          "--batch",
          "2",
          "--iterations",
          "2",
          "--log-every",
          "1",
          "--checkpoint-every",
          "1",
          "--eval-every",
          "1",
          "--keep-checkpoints",
          "--keep-best",
          "--workers",
          "1",
          "--threads",
          "1",
          "--run-dir",
          run};
}

// A folder with a data set and a whole run.
const fs::path& prepared() {
  static const TemporaryDirectory folder;
  static const fs::path path = [] {
    write_image_folders(folder / "set", 2, 2, 40);
    succeeded(run("revnet-data", folder.path(), {"pack", "set", "set.h5"}));
    succeeded(train(folder.path(), fresh("whole")));
    return folder.path();
  }();
  return path;
}

struct Case {
  std::string command;
  Arguments arguments;
  bool trains = false;  // in the folder "run"
  bool begun = false;   // where a run lies that has come half of its way
};

class Failing {
 public:
  explicit Failing(Case given) : case_(std::move(given)), whole_(succeeded(execute(0))) {}

  // The first allocation of each call path.
  std::vector<std::uint64_t> paths() const {
    std::istringstream lines(read_file(folder_ / "paths"));
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t number = 0; lines >> number;) numbers.push_back(number);
    return numbers;
  }

  void check(std::uint64_t number) {
    const Outcome outcome = execute(number);
    CAPTURE(number);
    CAPTURE(read_file(folder_ / "stack"));
    INFO(outcome.text());
    if (ended_by_a_library(outcome)) {
      ++library_;
    } else if (outcome.exit_code != 0) {
      CHECK(outcome.exit_code == 1);
      CHECK(names_memory(outcome.err));
    } else if (!case_.trains) {
      CHECK(outcome.out == whole_.out);
    }
    if (case_.trains) check_goes_on();
  }

  int ended_by_libraries() const { return library_; }

 private:
  Outcome execute(std::uint64_t number) {
    const fs::path run = prepared() / "run";
    fs::remove_all(run);
    if (case_.begun) {
      fs::copy(prepared() / "whole", run, fs::copy_options::recursive);
      fs::copy_file(run / "checkpoints/1.h5", run / "checkpoint.h5", fs::copy_options::overwrite_existing);
    }
    write_file(folder_ / "stack", "");
    Environment environment{{"REVNET_FAULT_COUNTER", (folder_ / "count").string()},
                            {"REVNET_FAULT_STACK", (folder_ / "stack").string()},
                            {"REVNET_FAULT_ALLOCATION", std::to_string(number)}};
    preload(REVNET_ALLOCATION_FAULTS, environment);
    if (number == 0) environment["REVNET_FAULT_PATHS"] = (folder_ / "paths").string();
    fs::remove(folder_ / "count");
    return Process(case_.command, prepared(), case_.arguments, environment).wait();
  }

  // The innermost frame outside the allocator and the C and C++ libraries, which tells whose allocation it
  // was.
  std::string frame() const {
    std::istringstream frames(read_file(folder_ / "stack"));
    for (std::string frame; std::getline(frames, frame);) {
      const auto is_of = [&](const char* library) { return contains(frame, library); };
      if (!is_of("allocation_faults") && !is_of("libstdc++") && !is_of("libc.so")) return frame;
    }
    return "";
  }

  bool ended_by_a_library(const Outcome& outcome) const {
    if (contains(read_file(folder_ / "stack"), "directory_iterator")) return outcome.signal == SIGABRT;
    if (contains(frame(), "libgomp")) return outcome.exit_code == 1;
    if (contains(frame(), "libdnnl")) return outcome.signal == SIGSEGV;
    return contains(frame(), "libhdf5") && (outcome.signal == SIGSEGV || outcome.exit_code == 255);
  }

  // Looks at the last line, after those on the progress of a training. HDF5 does not always say that it
  // lacked memory.
  bool names_memory(const std::string& said) const {
    const std::size_t before = said.size() < 2 ? said.npos : said.rfind('\n', said.size() - 2);
    const std::string last = said.substr(before == said.npos ? 0 : before + 1);
    return last.starts_with(case_.command) && (contains(last, "memory") || contains(frame(), "libhdf5"));
  }

  static void check_goes_on() {
    const Outcome outcome = train(prepared(), join(fresh("run"), {"--resume"}));
    INFO(outcome.text());
    CHECK(outcome.exit_code == 0);
    if (outcome.exit_code == 0) CHECK(first_difference(prepared() / "whole", prepared() / "run") == "");
  }

  TemporaryDirectory folder_;
  Case case_;
  int library_ = 0;
  Outcome whole_;
};

TEST_CASE("a command that finds no memory says so, and what it has computed is there") {
  const char* asked = std::getenv("REVNET_TORTURE_ALLOCATIONS");
  const std::size_t most = asked != nullptr ? std::stoul(asked) : 6;
  for (const Case& given : {Case{"revnet-train", fresh("run"), true, false},
                            Case{"revnet-train", join(fresh("run"), {"--resume"}), true, true},
                            Case{"revnet-report", {"whole"}}, Case{"revnet-data", {"check", "set.h5"}}}) {
    CAPTURE(given.command);
    Failing failing(given);
    const std::vector<std::uint64_t> paths = failing.paths();
    REQUIRE(paths.size() > 1000);
    const std::size_t tried = std::min(most, paths.size());
    for (std::size_t i = 0; i < tried; ++i) failing.check(paths[i * paths.size() / tried]);
    MESSAGE(given.command << std::string(given.begun ? " --resume" : "") << ": " << tried << " of "
                          << paths.size() << " call paths on which an allocation failed, "
                          << failing.ended_by_libraries() << " in libraries that end the process themselves");
  }
}

}  // namespace
}  // namespace revnet::testing

#endif
