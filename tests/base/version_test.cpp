#include "base/version.h"

#include <cstdlib>

#include <doctest/doctest.h>

namespace revnet {
namespace {

TEST_CASE("the revision is a commit, or empty outside of git") {
  const std::string text = revision(), dirty = "-dirty";
  const std::string commit = text.ends_with(dirty) ? text.substr(0, text.size() - dirty.size()) : text;
  CHECK((commit.empty() || commit.size() >= 12));
  CHECK(commit.find_first_not_of("0123456789abcdef") == std::string::npos);
  const bool in_git = std::system("git -C '" REVNET_TEST_DIR "' rev-parse HEAD >/dev/null 2>&1") == 0;
  if (in_git) CHECK(commit != "");
}

}  // namespace
}  // namespace revnet
