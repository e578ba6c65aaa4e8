#include "sweep/job_state.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "files.h"
#include "train/setup.h"

namespace revnet {
namespace {

// A job that has begun, with the settings of a synthetic run.
struct Begun {
  testing::TemporaryDirectory sweep;
  Job job{"job", Config()};

  Begun() {
    job.config.dataset.name = Config::Dataset::Name::synthetic;
    std::filesystem::create_directory(sweep / "job");
    testing::write_file(sweep / "job/config.yaml", to_yaml(resolve(job.config)));
  }
  std::string change_to(const std::string& assignment) const {
    Job changed = job;
    apply(changed.config, assignment, "test");
    return change_of(sweep.path(), changed, read_state(sweep.path(), job));
  }
};

TEST_CASE("a job that has begun may change what a resumed run may, and nothing else") {
  const Begun begun;
  for (const char* assignment : {"training.seed=1", "training.threads=1", "log.every=7",
                                 "evaluation.every=70", "evaluation.images=500", "checkpoint.every=5"}) {
    CAPTURE(assignment);
    CHECK(begun.change_to(assignment) == "");
  }
  CHECK(testing::contains(begun.change_to("training.seed=2"),
                          "training.seed was 1 in this run, but the sweep now says 2"));
}

TEST_CASE("a job that leaves its engine open may have begun on a machine that chose another") {
  const Begun begun;
  Config elsewhere = begun.job.config;
  for (const auto engine : {Config::Network::Engine::onednn, Config::Network::Engine::fused}) {
    elsewhere.network.engine = engine;
    testing::write_file(begun.sweep / "job/config.yaml", to_yaml(resolve(elsewhere)));
    CHECK(begun.change_to("training.seed=1") == "");
  }
  CHECK(testing::contains(begun.change_to("network.engine=onednn"),
                          "network.engine was fused in this run, but the sweep now says onednn"));
}

TEST_CASE("a job that is given in epochs has so many iterations") {
  Job job{"job", Config()};
  job.config.training.epochs = 2;
  CHECK(iterations_of(job, {}) == 1000);
  job.config.training.epochs = 0;
  CHECK(iterations_of(job, {}) == 80'000);
}

TEST_CASE("a job whose log is damaged is shown as such, and says why") {
  const Begun begun;
  testing::write_file(begun.sweep / "job/run.h5", "no HDF5");
  const JobState state = read_state(begun.sweep.path(), begun.job);
  CHECK(state.status == JobStatus::damaged);
  CHECK_FALSE(state.log);
  CHECK(testing::contains(state.failure, "job/run.h5 is damaged"));
}

TEST_CASE("a job whose process ended with an error has failed, whether or not it had begun") {
  const Begun begun;
  const auto state_after = [&](const char* job, const char* words) {
    std::filesystem::create_directories(begun.sweep / "logs");
    testing::write_file(begun.sweep / "logs" / (std::string(job) + ".err"), words);
    return read_state(begun.sweep.path(), {job, begun.job.config});
  };
  const char* const error = "warning: slow\nrevnet-train: cannot write run.h5: no space left on the device\n";
  for (const char* job : {"job", "new"}) {
    CAPTURE(job);
    const JobState state = state_after(job, error);
    CHECK(state.status == JobStatus::failed);
    CHECK(state.failure == "revnet-train: cannot write run.h5: no space left on the device");
  }
  CHECK(state_after("job", "10/80000  1.5 it/s\n").status == JobStatus::interrupted);
  CHECK(state_after("new", "warning: slow\n").status == JobStatus::waiting);
}

TEST_CASE("a job whose settings are damaged is shown as such, and has not changed") {
  const Begun begun;
  testing::write_file(begun.sweep / "job/config.yaml", "# revnet-crc32 12345678\ntraining: {seed: 3}\n");
  const JobState state = read_state(begun.sweep.path(), begun.job);
  CHECK(state.status == JobStatus::damaged);
  CHECK_FALSE(state.settings);
  CHECK(testing::contains(state.failure, "job/config.yaml is damaged"));
  CHECK(change_of(begun.sweep.path(), begun.job, state) == "");

  testing::write_file(begun.sweep / "job/config.yaml", "training: {sed: 3}\n");
  const JobState unknown = read_state(begun.sweep.path(), begun.job);
  CHECK(unknown.status == JobStatus::damaged);
  CHECK(testing::contains(unknown.failure, "training.sed"));
}

TEST_CASE("an impossible combination is refused with the job's name and a remedy") {
  Job job{"resnet32-reconstructed", Config()};
  job.config.network.architecture = "resnet32";
  CHECK_NOTHROW(check_possible(job));
  job.config.network.activations = Config::Network::Activations::reconstructed;
  CHECK(testing::message_of<UsageError>([&] { check_possible(job); }) ==
        "resnet32-reconstructed: resnet32 is not reversible: its activations cannot be reconstructed; leave "
        "the combination out with sweep.exclude");
}

}  // namespace
}  // namespace revnet
