#include "base/error.h"

#include <doctest/doctest.h>

namespace revnet {
namespace {

TEST_CASE("each kind of error has its exit code") {
  CHECK(Error("x").exit_code() == ExitCode::failed);
  CHECK(UsageError("x").exit_code() == ExitCode::usage);
  CHECK(DivergedError("x").exit_code() == ExitCode::diverged);
}

TEST_CASE("a message is plain text, or a format string with its arguments") {
  CHECK(Error("50 % of {}").what() == std::string("50 % of {}"));
  CHECK(UsageError("{}: line {}", "a.yaml", 3).what() == std::string("a.yaml: line 3"));
}

TEST_CASE("exit codes are the documented numbers") {
  CHECK(static_cast<int>(ExitCode::done) == 0);
  CHECK(static_cast<int>(ExitCode::failed) == 1);
  CHECK(static_cast<int>(ExitCode::usage) == 2);
  CHECK(static_cast<int>(ExitCode::interrupted) == 3);
  CHECK(static_cast<int>(ExitCode::diverged) == 4);
  CHECK(static_cast<int>(ExitCode::damaged_image) == 5);
}

TEST_CASE("an error caught as its base keeps message and exit code") {
  try {
    throw UsageError("no such key");
  } catch (const Error& error) {
    CHECK(error.what() == std::string("no such key"));
    CHECK(error.exit_code() == ExitCode::usage);
  }
}

}  // namespace
}  // namespace revnet
