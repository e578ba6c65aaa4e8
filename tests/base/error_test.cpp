#include "base/error.h"

#include <doctest/doctest.h>

namespace revnet {
namespace {

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

}  // namespace
}  // namespace revnet
