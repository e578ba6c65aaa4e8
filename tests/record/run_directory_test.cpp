#include "record/run_directory.h"

#include <algorithm>
#include <optional>

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"
#include "system/file_error.h"

using namespace revnet;
using namespace revnet::testing;
namespace fs = std::filesystem;

namespace {

std::string refusal(const fs::path& directory, RunStart start) {
  return message_of<UsageError>([&] { RunDirectory::take(directory, start); });
}

void fill(const RunFiles& files) {
  for (const fs::path& file :
       {files.config(), files.messages(), files.run_log(), files.checkpoint(), files.best_checkpoint()}) {
    write_file(file, "old");
    write_file(file.string() + ".tmp", "stale");
  }
  fs::create_directory(files.kept_checkpoints());
  write_file(files.kept_checkpoint(50), "old");
}

}  // namespace

TEST_CASE("the files of a run have fixed names") {
  const RunFiles files("RUN");
  CHECK(files.config() == "RUN/config.yaml");
  CHECK(files.messages() == "RUN/run.log");
  CHECK(files.run_log() == "RUN/run.h5");
  CHECK(files.checkpoint() == "RUN/checkpoint.h5");
  CHECK(files.kept_checkpoint(50) == "RUN/checkpoints/50.h5");
  CHECK(files.best_checkpoint() == "RUN/best.h5");
  CHECK(files.lock() == "RUN/run.lock");
}

TEST_CASE("a fresh start makes the directory and its parents, or takes an empty one") {
  TemporaryDirectory folder;
  {
    const RunDirectory run = RunDirectory::take(folder / "a/b/c", RunStart::fresh);
    CHECK(fs::is_directory(folder / "a/b/c"));
    CHECK(run.files().directory() == folder / "a/b/c");
  }
  // The remains of a run that failed before its first file are not a run.
  CHECK(fs::exists(folder / "a/b/c/run.lock"));
  RunDirectory::take(folder / "a/b/c", RunStart::fresh);
  fs::create_directory(folder / "empty");
  RunDirectory::take(folder / "empty", RunStart::fresh);
}

TEST_CASE("a directory with a run is refused unless it may be overwritten") {
  TemporaryDirectory folder;
  const RunFiles files(folder / "run");
  RunDirectory::take(folder / "run", RunStart::fresh);
  fill(files);
  write_file(folder / "run/angle.h5", "old");  // of a study of this run
  write_file(folder / "run/notes.txt", "mine");
  write_file(folder / "run/checkpoints/50.h5.good", "mine");
  CHECK(refusal(folder / "run", RunStart::fresh) ==
        (folder / "run").string() +
            " already holds a run; use --resume to continue it or --force to overwrite");
  CHECK(read_file(files.checkpoint()) == "old");

  const RunDirectory run = RunDirectory::take(folder / "run", RunStart::overwrite);
  CHECK(read_file(folder / "run/notes.txt") == "mine");
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(folder / "run")) left.push_back(entry.path().filename());
  std::sort(left.begin(), left.end());
  CHECK(read_file(folder / "run/checkpoints/50.h5.good") == "mine");
  CHECK_FALSE(fs::exists(files.kept_checkpoint(50)));
  CHECK(left == std::vector<std::string>{"checkpoints", "notes.txt", "run.lock"});
}

TEST_CASE("a single file of a run suffices to be a run") {
  for (const std::string name : {"run.h5", "checkpoint.h5"}) {
    TemporaryDirectory folder;
    write_file(folder / name, "old");
    CHECK(contains(refusal(folder.path(), RunStart::fresh), "already holds a run"));
    CHECK_FALSE(fs::exists(folder / "run.lock"));
    RunDirectory::take(folder.path(), RunStart::overwrite);
    CHECK_FALSE(fs::exists(folder / name));
  }
}

TEST_CASE("what took training is removed only if asked, even if run.h5 and checkpoint.h5 are missing") {
  for (const std::string name : {"best.h5", "angle.h5", "checkpoints/50.h5"}) {
    TemporaryDirectory folder;
    fs::create_directories(folder / "checkpoints");
    write_file(folder / "run.lock", "");
    write_file(folder / "checkpoints/0.h5", "the initial weights");
    write_file(folder / name, "old");
    CHECK(contains(refusal(folder.path(), RunStart::fresh), "already holds a run"));
    CHECK(read_file(folder / name) == "old");
    fs::remove(folder / name);
    RunDirectory::take(folder.path(), RunStart::fresh);
    CHECK_FALSE(fs::exists(folder / "checkpoints/0.h5"));
  }
}

TEST_CASE("a directory that is not a run's is never overwritten") {
  for (const RunStart start : {RunStart::fresh, RunStart::overwrite}) {
    TemporaryDirectory folder;
    write_file(folder / "thesis.tex", "mine");
    CHECK(refusal(folder.path(), start) ==
          folder.path().string() +
              " is not a run directory (it holds 'thesis.tex' but no run.h5); "
              "choose another folder");
    // Files with these names may belong to someone else.
    write_file(folder / "config.yaml", "mine");
    write_file(folder / "run.log", "mine");
    CHECK(contains(refusal(folder.path(), start), "is not a run directory"));
    fs::remove(folder / "thesis.tex");
    CHECK(contains(refusal(folder.path(), start), "is not a run directory"));
    CHECK(read_file(folder / "config.yaml") == "mine");
    CHECK_FALSE(fs::exists(folder / "run.lock"));
  }
}

TEST_CASE("a path that cannot be a directory gives a one-line error") {
  TemporaryDirectory folder;
  write_file(folder / "file", "mine");
  for (const std::string name : {"file", "file/run"}) {
    const std::string message =
        message_of<FileError>([&] { RunDirectory::take(folder / name, RunStart::overwrite); });
    CHECK(is_one_line(message));
    CHECK(contains(message, "Not a directory"));
  }
  // A folder with the name of a run's file must not be removed.
  RunDirectory::take(folder / "run", RunStart::fresh);
  fs::create_directories(folder / "run/checkpoint.h5/inner");
  CHECK(contains(message_of<FileError>([&] { RunDirectory::take(folder / "run", RunStart::overwrite); }),
                 "checkpoint.h5"));
  CHECK(fs::exists(folder / "run/checkpoint.h5/inner"));
}

TEST_CASE("a resumption takes a run, or an empty directory where one may begin") {
  TemporaryDirectory folder;
  RunDirectory::check(folder / "none", RunStart::resume);
  CHECK_FALSE(fs::exists(folder / "none"));
  RunDirectory::take(folder / "none", RunStart::resume);
  CHECK(fs::exists(folder / "none/run.lock"));
  fs::create_directory(folder / "mine");
  write_file(folder / "mine/thesis.tex", "mine");
  for (const auto& open : {+[](const fs::path& path) { RunDirectory::take(path, RunStart::resume); },
                           +[](const fs::path& path) { RunDirectory::check(path, RunStart::resume); }}) {
    CHECK(contains(message_of<UsageError>([&] { open(folder / "mine"); }), "'thesis.tex' but no run.h5"));
  }
  CHECK_FALSE(fs::exists(folder / "mine/run.lock"));
  fs::create_directory(folder / "run");
  write_file(folder / "run/run.h5", "old");
  write_file(folder / "run/checkpoint.h5", "old");
  RunDirectory::take(folder / "run", RunStart::resume);
  CHECK(read_file(folder / "run/checkpoint.h5") == "old");
}

TEST_CASE("a run that ended before its first file may be resumed or restarted") {
  TemporaryDirectory folder;
  RunDirectory::take(folder / "run", RunStart::fresh);
  write_file(folder / "run/config.yaml", "early");
  RunDirectory::take(folder / "run", RunStart::resume);
  CHECK(read_file(folder / "run/config.yaml") == "early");
  RunDirectory::take(folder / "run", RunStart::fresh);
  CHECK_FALSE(fs::exists(folder / "run/config.yaml"));
}

TEST_CASE("a directory in use is refused and its holder named") {
  TemporaryDirectory folder;
  std::optional<RunDirectory> first = RunDirectory::take(folder / "run", RunStart::fresh);
  write_file(first->files().run_log(), "precious");
  const auto message = [](const auto& call) { return message_of<InUseError>(call); };
  const std::string start =
      (folder / "run").string() + " is in use by process " + std::to_string(::getpid()) + " on ";
  CHECK(message([&] { RunDirectory::take(folder / "run", RunStart::resume); }).starts_with(start));
  CHECK(message([&] { RunDirectory::take(folder / "run", RunStart::overwrite); }).starts_with(start));
  CHECK(message([&] { RunDirectory::take(folder / "run", RunStart::fresh); }).starts_with(start));
  CHECK(message([&] { RunDirectory::check(folder / "run", RunStart::resume); }).starts_with(start));
  CHECK(is_one_line(message([&] { RunDirectory::take(folder / "run", RunStart::resume); })));
  CHECK(read_file(folder / "run/run.h5") == "precious");

  // The lock moves with the object and is released with it.
  RunDirectory moved = std::move(*first);
  first.reset();
  CHECK(message([&] { RunDirectory::take(folder / "run", RunStart::resume); }).starts_with(start));
  { const RunDirectory gone = std::move(moved); }
  CHECK_NOTHROW(RunDirectory::take(folder / "run", RunStart::resume));
}

TEST_CASE("the lock of a killed process is free") {
  TemporaryDirectory folder;
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const RunDirectory run = RunDirectory::take(folder / "run", RunStart::fresh);
    write_file(run.files().run_log(), "old");
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  const std::string message =
      message_of<InUseError>([&] { RunDirectory::take(folder / "run", RunStart::resume); });
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  CHECK(contains(message, "is in use by process " + std::to_string(child) + " on "));
  CHECK_NOTHROW(RunDirectory::take(folder / "run", RunStart::resume));
  CHECK(contains(read_file(folder / "run/run.lock"), "process " + std::to_string(::getpid()) + " on "));
}
