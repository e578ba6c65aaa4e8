#include <sstream>

#include <doctest/doctest.h>

#include "base/text.h"
#include "end_to_end/runs.h"
#include "record/hdf5.h"

namespace revnet::testing {
namespace {

Outcome compare(const std::filesystem::path& folder, const Arguments& arguments) {
  return run("revnet-compare", folder, arguments);
}

TEST_CASE("compare speed measures every combination") {
  const TemporaryDirectory folder;
  const Outcome outcome = compare(folder.path(), {"speed", "--arch", "resnet32,revnet38", "--batch", "3",
                                                  "--threads", "1", "--steps", "2", "--format", "csv"});
  INFO(outcome.text());
  REQUIRE(outcome.exit_code == 0);
  std::istringstream lines(outcome.out);
  std::vector<std::string> rows;
  for (std::string line; std::getline(lines, line);) rows.push_back(line);
  REQUIRE(rows.size() == 1 + 3);  // a ResNet has only one way
  CHECK(contains(
      rows[0],
      "architecture,activations,engine,convolution,coupling,grid_bits,batch,threads,image_size,classes,"
      "seconds"));
  CHECK(contains(rows[1], "resnet32,stored,fused,auto,float,13,3,1,32,10,"));
  CHECK(contains(rows[2], "revnet38,stored,fused,auto,float,13,3,1,"));
  CHECK(contains(rows[3], "revnet38,reconstructed,fused,auto,float,13,3,1,"));
  CHECK(contains(outcome.err, shell_quoted(REVNET_SCRIPTS_DIR "/figures.py") + " speed"));

  const hdf5::Reader log(folder / "runs/speed.h5");
  CHECK(log.text_attribute("3", "architecture") == "revnet38");
  CHECK(log.integer_attribute("3", "batch") == 3);
  CHECK(log.doubles("3/step_seconds").size() == 2);

  const Outcome again =
      compare(folder.path(), {"speed", "--arch", "resnet32", "--batch", "2", "--steps", "1"});
  CHECK(again.exit_code == 2);
  CHECK(contains(again.err, "--force"));
}

TEST_CASE("compare speed refuses impossible settings") {
  const TemporaryDirectory folder;
  const auto refused = [&](const Arguments& arguments, const std::string& why) {
    check_refused("revnet-compare", folder.path(), arguments, why);
    CHECK_FALSE(std::filesystem::exists(folder / "runs"));
  };
  refused({"speed", "--arch", "resnet38"}, "revnet38");
  refused({"speed", "--arch", "resnet32", "--activations", "reconstructed"}, "always stored");
  refused({"speed", "--activations", "kept"}, "--activations");
  refused({"speed", "--batch", "0"}, "--batch");
  refused({"speed", "--steps", "0"}, "--steps");
  refused({"speed", "--format", "html"}, "text, csv, markdown, latex");
  refused({"speed", "--convolution", "fast"}, "--convolution");
  refused({"sped"}, "--help");
  refused({}, "--help");
}

}  // namespace
}  // namespace revnet::testing
