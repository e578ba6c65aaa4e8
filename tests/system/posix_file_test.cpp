#include "system/posix_file.h"

#include <doctest/doctest.h>

#include "files.h"

using namespace revnet;
using namespace revnet::testing;
namespace fs = std::filesystem;

TEST_CASE("a text file is replaced in one step") {
  TemporaryDirectory folder;
  replace_text_file(folder / "config.yaml", "first\n");
  replace_text_file(folder / "config.yaml", "second");
  CHECK(read_file(folder / "config.yaml") == "second");
  CHECK_FALSE(fs::exists(folder / "config.yaml.tmp"));
  fs::create_directory(folder / "config.yaml.tmp");
  CHECK_THROWS_AS(replace_text_file(folder / "config.yaml", "third"), FileError);
  CHECK(read_file(folder / "config.yaml") == "second");
}
