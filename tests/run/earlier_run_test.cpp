// Decisions about resuming, from the files of a run.
#include "run/earlier_run.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "run/small_runs.h"
#include "system/file_error.h"

namespace revnet {
namespace {

// A folder with the settings of a run of 80 iterations, whose learning rate drops after 40 and 60.
struct Begun {
  Begun() {
    config.training.iterations = 80;
    testing::write_file(folder / "config.yaml", to_yaml(config));
  }
  // Returns the run's own settings, overridden by these assignments.
  Config resumed(const std::vector<std::string>& assignments) const {
    return settings_to_resume(folder.path(), [&](Config given) {
      for (const std::string& assignment : assignments) apply(given, assignment, "--set");
      return given;
    });
  }
  std::string refused(const std::vector<std::string>& assignments) const {
    return message_of<UsageError>([&] { resumed(assignments); });
  }
  TemporaryDirectory folder;
  Config config = small_config();
};

TEST_CASE("a folder without settings, run log and checkpoint holds nothing to resume") {
  const TemporaryDirectory folder;
  CHECK_FALSE(has_begun(folder / "none"));
  for (const char* name : {"run.lock", "run.log", "config.yaml.tmp"}) testing::write_file(folder / name, "");
  CHECK_FALSE(has_begun(folder.path()));
  testing::write_file(folder / "run.h5", "");
  CHECK(has_begun(folder.path()));  // a run whose settings are lost
  CHECK(contains(message_of<UsageError>([&] { settings_of_run(folder.path()); }), "config.yaml is missing"));
}

TEST_CASE("another network or data set is refused as such, even if its other settings are impossible") {
  const Begun begun;
  CHECK(contains(begun.refused({"network.architecture=resnet32"}),
                 "config.yaml: network.architecture is revnet38 in this run, not resnet32"));
  CHECK(contains(begun.refused({"dataset.name=images"}), "dataset.name is synthetic in this run"));
  CHECK(contains(begun.refused({"network.units=1,2"}), "network.units is [] in this run"));
  CHECK(contains(begun.refused({"training.batch=9"}), "training.batch is 8 in this run"));
}

TEST_CASE("intervals of the log and threads may change on resume") {
  const Config now = Begun().resumed({"log.every=7", "evaluation.every=9", "training.threads=2"});
  CHECK(now.log.every == 7);
  CHECK(now.evaluation.every == 9);
  CHECK(now.training.threads == 2);
}

TEST_CASE("an extended run drops its learning rate at the same iterations unless decay_at is given") {
  const Begun begun;
  const Config longer = begun.resumed({"training.iterations=120"});
  CHECK(longer.training.iterations == 120);
  CHECK(longer.training.decay_at == std::vector<double>{40.0 / 120, 0.5});
  const Config anew = begun.resumed({"training.iterations=120", "training.decay_at=0.5,0.75"});
  CHECK(anew.training.decay_at == begun.config.training.decay_at);
  CHECK(contains(begun.refused({"training.iterations=79"}), "a run can become longer but not shorter"));
  CHECK(contains(begun.refused({"training.decay_at=0.6"}), "training.decay_at is [0.5, 0.75] in this run"));
}

TEST_CASE("a run that cannot be resumed is recognised from its files") {
  const TemporaryDirectory folder;
  const Config config = small_config();
  CHECK_NOTHROW(find_earlier_run(config, folder / "none"));
  testing::write_file(folder / "thesis.tex", "mine");
  CHECK(contains(message_of<UsageError>([&] { find_earlier_run(config, folder.path()); }), "thesis.tex"));
  {
    const RunDirectory taken = RunDirectory::take(folder / "run", RunStart::fresh);
    CHECK_THROWS_AS(find_earlier_run(config, folder / "run"), InUseError);
  }
  CHECK_NOTHROW(find_earlier_run(config, folder / "run"));
  testing::write_file(folder / "run/checkpoint.h5", "half");
  CHECK(contains(message_of<Error>([&] { find_earlier_run(config, folder / "run"); }), "checkpoint.h5"));
}

// Why a run does not resume for want of a checkpoint.
std::string refusal(const Config& config, const RunFiles& files) {
  return message_of<FileError>([&] { run_training(config, files.directory(), RunStart::resume, "test"); });
}

TEST_CASE("an unfinished run that has lost its checkpoint does not start over") {
  const TemporaryDirectory folder;
  Config config = run_config();
  config.log.every = 1;
  CHECK_THROWS_AS(run_training(config, folder / "run", RunStart::fresh, "test", ending_after(2)), Error);
  const RunFiles files(folder / "run");
  std::filesystem::remove(files.checkpoint());
  CHECK(contains(refusal(config, files), files.checkpoint().string() + " is missing, but the run has begun"));
}

TEST_CASE("if the last checkpoint is damaged, the message names an intact one") {
  const TemporaryDirectory folder;
  const RunFiles files(finished_run(folder));
  std::filesystem::create_directory(files.kept_checkpoints());
  std::filesystem::copy(files.checkpoint(), files.kept_checkpoint(3));
  std::string bytes = testing::read_file(files.checkpoint());
  bytes[bytes.size() / 2] ^= 1;
  testing::write_file(files.checkpoint(), bytes);
  testing::write_file(files.kept_checkpoint(4), bytes);
  const std::string message = refusal(run_config(), files);
  CHECK(contains(message, "its bytes are not those that were written"));
  CHECK(contains(message, files.kept_checkpoint(3).string() + " is intact: copy it to"));
}

TEST_CASE("a run that has lost its log or its last checkpoint does not start over") {
  const TemporaryDirectory folder;
  const RunFiles files(finished_run(folder));
  std::filesystem::rename(files.run_log(), folder / "log");
  CHECK(contains(refusal(run_config(), files), files.run_log().string() + " is missing: restore it"));
  std::filesystem::rename(folder / "log", files.run_log());
  std::filesystem::create_directory(files.kept_checkpoints());
  std::filesystem::rename(files.checkpoint(), files.kept_checkpoint(3));
  const std::string lost = files.checkpoint().string() + " is missing";
  CHECK(refusal(run_config(), files) ==
        lost + "; " + files.kept_checkpoint(3).string() + " is intact: copy it there and resume");
  std::filesystem::remove(files.kept_checkpoint(3));
  CHECK(contains(refusal(run_config(), files), lost + ", but the run has begun"));
}

}  // namespace
}  // namespace revnet
