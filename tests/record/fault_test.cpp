// Every single operation on every file that a run writes fails once: nothing is lost, and the failure is
// reported.
#include <algorithm>
#include <cerrno>
#include <functional>

#include <doctest/doctest.h>

#include "faults/file_faults.h"
#include "files.h"
#include "record/checkpoint.h"
#include "record/run_directory.h"
#include "record/run_log.h"
#include "system/file_error.h"
#include "system/posix_file.h"

using namespace revnet;
using namespace revnet::testing;

namespace {

Checkpoint checkpoint(std::int64_t iteration) {
  Checkpoint state;
  state.iteration = iteration;
  state.parameters = {{"w", {40000}, std::vector<float>(40000, static_cast<float>(iteration))}};
  return state;
}

// A file in two versions, with the content 1 or 2.
struct Case {
  std::string name;
  std::function<void(const std::filesystem::path&, int)> write;
  std::function<int(const std::filesystem::path&)> read;
};

const std::vector<Case> cases{
    {"checkpoint.h5", [](const auto& file, int version) { write_checkpoint(file, checkpoint(version)); },
     [](const auto& file) {
       const Checkpoint read = read_checkpoint(file);
       CHECK(read.parameters == checkpoint(read.iteration).parameters);
       return static_cast<int>(read.iteration);
     }},
    {"run.h5",
     [](const auto& file, int version) {
       RunLog log = RunLog::create(file, {});
       for (int row = 1; row <= version; ++row) log.append(TrainRow{row, 0, 0, 0, 0});
       log.save();
     },
     [](const auto& file) { return static_cast<int>(RunLog::open(file).train().size()); }},
    {"config.yaml", [](const auto& file, int version) { replace_text_file(file, std::to_string(version)); },
     [](const auto& file) { return std::stoi(read_file(file)); }}};

// The file operations of replacing version 1 by version 2.
std::vector<std::string> operations_of(const Case& kind) {
  const TemporaryDirectory folder;
  kind.write(folder / kind.name, 1);
  set_file_faults({.files = folder.path().string()});
  kind.write(folder / kind.name, 2);
  std::vector<std::string> operations = file_operations();
  set_file_faults({});
  return operations;
}

// Fails one operation while replacing version 1 by version 2. Returns whether the failure was reported.
bool fail_once(const Case& kind, int at, int error, bool lasting) {
  const TemporaryDirectory folder;
  const std::filesystem::path file = folder / kind.name;
  kind.write(file, 1);
  set_file_faults({.files = folder.path().string(), .at = at, .error = error, .lasting = lasting});
  std::string message;
  try {
    kind.write(file, 2);
  } catch (const FileError& refused) {
    message = refused.what();
  }
  const bool renamed = std::ranges::count(file_operations(), "rename") > 0 &&
                       file_operations().at(static_cast<std::size_t>(at) - 1) != "rename" &&
                       std::ranges::find(file_operations(), "rename") - file_operations().begin() < at;
  set_file_faults({});
  CHECK(kind.read(file) == (message.empty() || renamed ? 2 : 1));
  if (!message.empty()) {
    CHECK(is_one_line(message));
    CHECK(contains(message, folder.path().string()));
  }
  // A half-written file is removed, if the disk permits.
  if (!lasting) CHECK_FALSE(std::filesystem::exists(file.string() + ".tmp"));
  kind.write(file, 2);
  CHECK(kind.read(file) == 2);
  CHECK_FALSE(std::filesystem::exists(file.string() + ".tmp"));
  return !message.empty();
}

}  // namespace

TEST_CASE("a failure of any operation is reported and leaves the old or the new file") {
  for (const Case& kind : cases) {
    CAPTURE(kind.name);
    const std::vector<std::string> operations = operations_of(kind);
    // HDF5 first looks at the old file, which may fail. Replacing begins with the removal of a temporary file
    // that an earlier process may have left.
    const auto first = std::ranges::find(operations, "unlink") - operations.begin();
    REQUIRE(operations.size() >= static_cast<std::size_t>(first) + 9);
    for (std::size_t i = 0; i < operations.size(); ++i) {
      CAPTURE(i);
      CAPTURE(operations[i]);
      for (const int error : {ENOSPC, EIO, EROFS}) {
        for (const bool lasting : {false, true}) {
          const bool said = fail_once(kind, static_cast<int>(i) + 1, error, lasting);
          // The failure must be reported, unless it is of closing a folder, which loses nothing.
          CHECK((said || i + 1 == operations.size() || static_cast<std::ptrdiff_t>(i) < first));
        }
      }
    }
  }
}

// Otherwise a power cut can leave a name without data on some file systems.
TEST_CASE("data are on the disk before their name is") {
  for (const Case& kind : cases) {
    CAPTURE(kind.name);
    const std::vector<std::string> operations = operations_of(kind);
    const auto renamed = std::ranges::find(operations, "rename");
    REQUIRE(renamed != operations.end());
    CHECK(std::find(operations.begin(), renamed, "fsync") != renamed);
  }
}

TEST_CASE("a file system that cannot sync folders is no failure") {
  for (const Case& kind : cases) {
    CAPTURE(kind.name);
    const std::vector<std::string> operations = operations_of(kind);
    const auto synced = std::find(std::ranges::find(operations, "rename"), operations.end(), "fsync");
    REQUIRE(synced != operations.end());
    for (const int error : {EINVAL, ENOTSUP}) {
      CHECK_FALSE(fail_once(kind, static_cast<int>(synced - operations.begin()) + 1, error, false));
    }
  }
}

TEST_CASE("interrupted calls are repeated and short writes continued") {
  for (const Case& kind : cases) {
    CAPTURE(kind.name);
    const std::vector<std::string> operations = operations_of(kind);
    for (std::size_t i = 0; i < operations.size(); ++i) {
      CAPTURE(operations[i]);
      if (operations[i] == "rename" || operations[i] == "unlink") continue;  // cannot be interrupted
      CHECK_FALSE(fail_once(kind, static_cast<int>(i) + 1, EINTR, false));
    }
    const TemporaryDirectory folder;
    set_file_faults({.files = folder.path().string(), .short_writes = true});
    kind.write(folder / kind.name, 2);
    const auto writes = std::ranges::count(file_operations(), "write");
    set_file_faults({});
    CHECK((writes > 1 || kind.name == "config.yaml"));
    CHECK(kind.read(folder / kind.name) == 2);
  }
}

TEST_CASE("a lock that cannot be written is reported") {
  const TemporaryDirectory folder;
  set_file_faults({.files = "run.lock"});
  RunDirectory::take(folder / "run", RunStart::fresh);
  const std::vector<std::string> operations = file_operations();
  CHECK(operations.size() >= 3);
  for (std::size_t i = 0; i < operations.size(); ++i) {
    CAPTURE(operations[i]);
    set_file_faults({.files = "run.lock", .at = static_cast<int>(i) + 1, .error = ENOSPC});
    const std::string message =
        message_of<Error>([&] { RunDirectory::take(folder / "run", RunStart::resume); });
    set_file_faults({});
    if (operations[i] == "close") continue;  // by then, the lock has been written
    CHECK(contains(message, "run.lock: No space left on device; free some space"));
    RunDirectory::take(folder / "run", RunStart::resume);
  }
}
