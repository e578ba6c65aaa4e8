// A study may only continue from its own file, in a known format version.
#include "study/study_log.h"

#include <doctest/doctest.h>

#include "files.h"

namespace revnet {
namespace {

TEST_CASE("a study reads its own log, and no other study's or newer version's") {
  const testing::TemporaryDirectory folder;
  const auto file = folder / "angle.h5";
  const auto refusal = [&](const std::string& study) {
    return testing::message_of<FileError>([&] { read_study_log(file, study, {"every"}, "angle"); });
  };
  Series series;
  series.append(10, {{"degrees", 1.5}, {"stage1/degrees", 2}});
  {
    hdf5::Writer log = start_study_log(file, "gradient angle", "command");
    log.attribute("/", "every", std::int64_t{10});
    series.write(log, "angle");
    log.save();
  }
  const StudyLog read = read_study_log(file, "gradient angle", {"every"}, "angle");
  CHECK(read.attributes == std::map<std::string, std::int64_t>{{"every", 10}});
  CHECK(read.series.iterations() == series.iterations());
  CHECK(read.series.column("stage1/degrees") == std::vector<double>{2});
  CHECK(testing::contains(refusal("speed"), "it is of the study 'gradient angle', not 'speed'"));

  hdf5::Writer newer(file);
  newer.attribute("/", "format_version", std::int64_t{2});
  newer.attribute("/", "study", std::string("gradient angle"));
  newer.save();
  CHECK(refusal("gradient angle") ==
        file.string() + " has format version 2, newer than this program's 1; use a newer revnet");
}

TEST_CASE("a study log is replaced only when asked") {
  const testing::TemporaryDirectory folder;
  const std::filesystem::path file = folder / "deep" / "log.h5";
  claim_study_log(file, false);
  CHECK(std::filesystem::is_directory(file.parent_path()));
  testing::write_file(file, "precious");
  const std::string message = testing::message_of<UsageError>([&] { claim_study_log(file, false); });
  CHECK(testing::contains(message, file.string()));
  CHECK(testing::contains(message, "--force"));
  const std::string other = testing::message_of<UsageError>([&] { claim_study_log(file, true); });
  CHECK(
      testing::contains(other, "log.h5 is no intact log of revnet-compare, so --force does not replace it"));
  CHECK(testing::read_file(file) == "precious");
  start_study_log(file, "speed", "command").save();
  claim_study_log(file, true);
  CHECK_THROWS_AS(claim_study_log(file, false), UsageError);
}

}  // namespace
}  // namespace revnet
