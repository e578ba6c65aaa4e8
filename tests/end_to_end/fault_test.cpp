// Full, failing and read-only disks, unreadable data, and a clock that jumps.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include <doctest/doctest.h>
#include <sys/mount.h>

#include "end_to_end/runs.h"

namespace revnet::testing {
namespace {

namespace fs = std::filesystem;

Arguments settings(const std::string& run) {
  return {"synthetic",
          "--arch",
          "revnet38",
          "--batch",
          "50",
          "--iterations",
          "2",
          "--eval-every",
          "0",
          "--checkpoint-every",
          "1",
          "--set",
          "log.every=1",
          "--run-dir",
          run};
}

Arguments resume(const std::string& run) {
  return {"synthetic", "--run-dir", run, "--resume"};
}

// Resuming the run of two iterations would write nothing without a third.
Arguments one_more_iteration(const std::string& run) {
  return {"synthetic", "--run-dir", run, "--resume", "--iterations", "3"};
}

// The undisturbed run with which all others are compared. It trains once for all tests.
const fs::path& whole_run() {
  static const TemporaryDirectory folder;
  static const Outcome outcome = succeeded(train(folder.path(), settings("whole")));
  static const fs::path run = folder / "whole";
  return run;
}

// An environment that preloads tests/faults into a command.
Environment preloaded(Environment more) {
  preload(REVNET_FILE_FAULTS, more);
  more["ASAN_OPTIONS"] = "verify_asan_link_order=0";
  return more;
}

// Requires exit code 1 and a last line on stderr that says `what` failed.
void check_failed(const Outcome& outcome, const std::string& what) {
  INFO(outcome.text());
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.out.empty());
  const std::size_t before = outcome.err.rfind('\n', outcome.err.size() - 2);
  const std::string last = outcome.err.substr(before == std::string::npos ? 0 : before + 1);
  CHECK(contains(last, what));
}

void check_goes_on(const fs::path& folder, const std::string& run) {
  succeeded(train(folder, resume(run)));
  CHECK(first_difference(whole_run(), folder / run) == "");
}

// A small file system in memory. It needs the right to mount.
class SmallDisk {
 public:
  explicit SmallDisk(const fs::path& folder) : path_(folder) {
    fs::create_directories(folder);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=5m") == 0;
    if (!mounted_) MESSAGE("not tested, mounting needs root: " << std::strerror(errno));
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }

  bool is_there() const { return mounted_; }
  void change(unsigned long flags, const char* options) const {
    REQUIRE(::mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT | flags, options) == 0);
  }

 private:
  fs::path path_;
  bool mounted_ = false;
};

TEST_CASE("a failed write ends a run with one line, and the run resumes from its last checkpoint") {
  for (const std::string file : {"checkpoint.h5", "run.h5"}) {
    CAPTURE(file);
    const TemporaryDirectory folder;
    const Outcome outcome = train(folder.path(), settings("run"),
                                  preloaded({{"REVNET_FAULT_FILES", "/" + file},
                                             {"REVNET_FAULT_AT", "12"},  // during the second write
                                             {"REVNET_FAULT_ERROR", std::to_string(EIO)},
                                             {"REVNET_FAULT_LASTING", "1"}}));
    check_failed(outcome, "run/" + file + ".tmp: Input/output error");
    CHECK(contains(read_file(folder / "run/run.log"), file + ".tmp: Input/output error"));
    CHECK(open_log(folder / "run").status() == RunStatus::running);
    CHECK(open_checkpoint(folder / "run").iteration == 0);
    check_goes_on(folder.path(), "run");
  }
}

TEST_CASE("a full disk ends a run with one line, and the run resumes once there is space") {
  const TemporaryDirectory folder;
  const SmallDisk disk(folder / "disk");  // holds one checkpoint but not two
  if (!disk.is_there()) return;
  check_failed(train(folder.path(), settings("disk/run")),
               "disk/run/checkpoint.h5.tmp: No space left on device; free some space");
  CHECK(open_checkpoint(folder / "disk/run").iteration == 0);
  CHECK_FALSE(fs::exists(folder / "disk/run/checkpoint.h5.tmp"));
  disk.change(0, "size=20m");
  check_goes_on(folder.path(), "disk/run");

  disk.change(MS_RDONLY, "size=20m");
  check_failed(train(folder.path(), one_more_iteration("disk/run")),
               "Read-only file system; choose a writable folder");
  check_failed(train(folder.path(), settings("disk/other")),
               "Read-only file system; choose a writable folder");
}

TEST_CASE("a run warns once about a text log that cannot be written, and goes on") {
  const TemporaryDirectory folder;
  fs::copy(whole_run(), folder / "run");
  fs::remove(folder / "run/run.log");
  fs::create_symlink("/dev/full", folder / "run/run.log");
  const Outcome outcome = succeeded(train(folder.path(), one_more_iteration("run")));
  CHECK_MESSAGE(count_of(outcome.err, "warning: cannot write the log") == 1, outcome.text());
  CHECK_FALSE(contains(outcome.err, "LOG ERROR"));
}

TEST_CASE("a run warns once about curves that cannot be written, and goes on") {
  const TemporaryDirectory folder;
  const Outcome outcome = succeeded(train(folder.path(), settings("run"),
                                          preloaded({{"REVNET_FAULT_FILES", "/metrics.csv"},
                                                     {"REVNET_FAULT_AT", "10"},  // the first row
                                                     {"REVNET_FAULT_ERROR", std::to_string(ESTALE)},
                                                     {"REVNET_FAULT_LASTING", "1"}})));
  CHECK_MESSAGE(count_of(outcome.err, "metrics.csv: Stale file handle; the run goes on without") == 1,
                outcome.text());
  CHECK(first_difference(whole_run(), folder / "run") == "");
}

// A short training as a shell command, to be put into a pipe or given an odd environment.
std::string training(const std::string& run) {
  return std::string("'" REVNET_BIN_DIR "'/revnet-train synthetic --arch resnet32 ") +
         "--set network.units=1,1,1 --batch 10 --iterations 4 --eval-every 0 --set log.every=1 --threads 1 "
         "--run-dir " +
         run;
}

Outcome shell(const fs::path& folder, const std::string& script) {
  return run("/bin/sh", folder, {"-c", script});
}

// Ctrl-C in a pipe ends the program at its end as well.
TEST_CASE("a run whose messages nobody reads any more goes on") {
  const TemporaryDirectory folder;
  shell(folder.path(),
        "(env --default-signal=PIPE " + training("run") + " >/dev/null; echo $? >code) 2>&1 | :");
  CHECK(read_file(folder / "code") == "0\n");
}

TEST_CASE("a run that may not write such large files ends with one line") {
  const TemporaryDirectory folder;
  const Outcome outcome = shell(folder.path(), "ulimit -f 100; exec " + training("run"));
  INFO(outcome.text());
  CHECK(outcome.exit_code == 1);
  CHECK(contains(outcome.err, "File too large"));
}

TEST_CASE("the batch that the refusal of too large a run suggests fits into the same memory") {
  const TemporaryDirectory folder;
  const std::string limited =
      "ulimit -v 700000; exec '" REVNET_BIN_DIR
      "'/revnet-train synthetic --arch resnet32 --iterations 1 --threads 1 --run-dir run "
      "--set evaluation.images=1 --batch ";
  const Outcome refused = shell(folder.path(), limited + "5000");
  REQUIRE_MESSAGE(refused.exit_code == 1, refused.text());
  const std::string before = "use --batch ";
  const std::size_t at = refused.err.find(before);
  REQUIRE_MESSAGE(at != std::string::npos, refused.text());
  succeeded(
      shell(folder.path(), limited + std::to_string(std::atoi(refused.err.c_str() + at + before.size()))));
}

TEST_CASE("a run whose standard streams are closed keeps its messages out of its files") {
  const TemporaryDirectory folder;
  CHECK(shell(folder.path(), training("run") + " <&- >&- 2>&-").exit_code == 0);
  std::istringstream lines(read_file(folder / "run/metrics.csv"));
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(std::ranges::count(line, ',') == 5);
  }
}

TEST_CASE("a run resumes where its parent ignores SIGCHLD") {
  const TemporaryDirectory folder;
  const Outcome outcome = shell(folder.path(), training("run") + "&& exec env --ignore-signal=CHLD '" +
                                                   REVNET_BIN_DIR
                                                   "'/revnet-train synthetic --run-dir run "
                                                   "--resume --iterations 5");
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
}

TEST_CASE("a command fails if it cannot write its results") {
  const TemporaryDirectory folder;
  for (const std::string command :
       {"revnet-train synthetic --dry-run", "revnet-report", "revnet-train --describe bash"}) {
    CAPTURE(command);
    const std::string shell = "cd '" + folder.path().string() + "' && '" REVNET_BIN_DIR "'/" + command +
                              " > /dev/full 2> err; test $? = 1";
    CHECK(std::system(shell.c_str()) == 0);
    CHECK(contains(read_file(folder / "err"), "cannot write to the standard output"));
  }
}

TEST_CASE("data that cannot be read gives one line of error") {
  const TemporaryDirectory folder;
  const fs::path file = folder / "data/cifar-10-batches-bin/data_batch_1.bin";
  write_file(file, "");
  fs::resize_file(file, 30'730'000);
  const Outcome outcome = train(folder.path(), {"cifar10", "--data-dir", "data", "--run-dir", "run"},
                                preloaded({{"REVNET_FAULT_FILES", "data_batch_1.bin"},
                                           {"REVNET_FAULT_READS", "1"},
                                           {"REVNET_FAULT_AT", "3"},
                                           {"REVNET_FAULT_ERROR", std::to_string(EIO)}}));
  check_failed(outcome, "data_batch_1.bin: reading failed in record");
  CHECK(is_one_line(outcome.err));
  CHECK_FALSE(fs::exists(folder / "run"));
}

TEST_CASE("a wall clock that jumps does not change the times of a run") {
  const TemporaryDirectory folder;
  succeeded(train(folder.path(), settings("run"), preloaded({{"REVNET_FAULT_CLOCK", "1"}})));
  CHECK(first_difference(whole_run(), folder / "run") == "");
  double last = 0;
  const RunLog log = open_log(folder / "run");
  for (const TrainRow& row : log.train()) {
    CHECK(row.seconds > last);
    CHECK(row.seconds < 100);
    last = row.seconds;
  }
}

}  // namespace
}  // namespace revnet::testing
