// What a study goes on with must be its own file, of a version known here.
#include "study/study_log.h"

#include <doctest/doctest.h>

#include "files.h"

namespace revnet {
namespace {

TEST_CASE("a study log is opened by its own study and not by a later version's reader") {
  const testing::TemporaryDirectory folder;
  const auto file = folder / "angle.h5";
  const auto refusal = [&](const std::string& study) {
    return testing::message_of<RecordError>([&] { open_study_log(file, study); });
  };
  start_study_log(file, "gradient angle", "command").save(Durability::process_crash);
  CHECK(open_study_log(file, "gradient angle").text_attribute("/", "command") == "command");
  CHECK(testing::contains(refusal("speed"), "it is of the study 'gradient angle', not 'speed'"));

  hdf5::Writer newer(file);
  newer.attribute("/", "format_version", std::int64_t{2});
  newer.attribute("/", "study", std::string("gradient angle"));
  newer.save(Durability::process_crash);
  CHECK(refusal("gradient angle") ==
        file.string() + " has format version 2, newer than this program's 1; use a newer revnet");
}

}  // namespace
}  // namespace revnet
