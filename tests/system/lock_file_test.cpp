#include "system/lock_file.h"

#include <optional>

#include <doctest/doctest.h>
#include <unistd.h>

#include "files.h"
#include "system/process.h"

namespace revnet {
namespace {

namespace fs = std::filesystem;

std::string refusal(const fs::path& file) {
  return testing::message_of<InUseError>([&] { LockFile(file, "the folder"); });
}

TEST_CASE("only one process holds a lock at a time, and others are told which") {
  const testing::TemporaryDirectory folder;
  const fs::path file = folder / "lock";
  CHECK_FALSE(LockFile::is_held(file));
  std::optional<LockFile> first(std::in_place, file, "the folder");
  CHECK(LockFile::is_held(file));
  const std::string message = refusal(file);
  CHECK(message.starts_with("the folder is in use by process " + std::to_string(::getpid()) + " on "));
  CHECK(message.ends_with("; wait for it or choose another folder"));
  CHECK(testing::is_one_line(message));
  // The lock moves with the object and is released with it; the file stays.
  std::optional<LockFile> second(std::move(*first));
  first.reset();
  CHECK(LockFile::is_held(file));
  second.reset();
  CHECK_FALSE(LockFile::is_held(file));
  CHECK(fs::exists(file));
  CHECK_NOTHROW(LockFile(file, "the folder"));
}

TEST_CASE("a started program does not inherit this process's locks") {
  const testing::TemporaryDirectory folder;
  std::optional<LockFile> lock(std::in_place, folder / "lock", "the folder");
  ChildProcess child({.words = {"sleep", "60"}});
  lock.reset();
  CHECK_FALSE(LockFile::is_held(folder / "lock"));
}

TEST_CASE("a lock file that cannot be created gives a one-line error") {
  const testing::TemporaryDirectory folder;
  const auto message = [](const fs::path& file) {
    return testing::message_of<Error>([&] { LockFile(file, "the folder"); });
  };
  CHECK(message(folder / "none/lock") ==
        "cannot open " + (folder / "none/lock").string() + ": No such file or directory; check the path");
  // Following a link could write the holder's name into a file that is no lock.
  fs::create_symlink(folder / "target", folder / "link");
  CHECK(testing::contains(message(folder / "link"), "cannot open "));
  CHECK_FALSE(fs::exists(folder / "target"));
  CHECK_FALSE(LockFile::is_held(folder / "none/lock"));
}

}  // namespace
}  // namespace revnet
