#include "train/initialization.h"

#include <doctest/doctest.h>

#include "record/checkpoint.h"
#include "train/support.h"
#include "train/training_run.h"

namespace revnet {
namespace {

NamedArray array(const std::string& name, const std::vector<std::int64_t>& shape, float value) {
  std::size_t count = 1;
  for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
  return {name, shape, std::vector<float>(count, value)};
}

// Every value is `value`, and every momentum.
Checkpoint state(std::int64_t classes, std::int64_t iteration, float value) {
  Checkpoint checkpoint;
  checkpoint.iteration = iteration;
  checkpoint.parameters = {array("stem/conv/weight", {2, 3, 3, 3}, value),
                           array("head/dense/weight", {classes, 4}, value),
                           array("head/dense/bias", {classes}, value)};
  checkpoint.momentum = {array("stem/conv/weight", {2, 3, 3, 3}, value)};
  checkpoint.running = {{"stem/bn", {value}, {value}}};
  return checkpoint;
}

TEST_CASE("weights and running averages are the checkpoint's, and nothing else is") {
  const Checkpoint fresh = state(3, 0, 0), from = state(3, 50, 1);
  const Initialization start = initialize_from(fresh, from, "other.h5");
  CHECK(start.state.parameters == from.parameters);
  CHECK(start.state.running == from.running);
  CHECK(start.state.momentum == fresh.momentum);
  CHECK(start.state.iteration == 0);
  CHECK(start.text == "starting with the weights in other.h5, after 50 iterations");
}

TEST_CASE("with other classes the last layer is fresh, which is said") {
  const Checkpoint fresh = state(3, 0, 0), from = state(5, 50, 1);
  const Initialization start = initialize_from(fresh, from, "other.h5");
  CHECK(start.state.parameters[0] == from.parameters[0]);
  CHECK(start.state.parameters[1] == fresh.parameters[1]);
  CHECK(start.state.parameters[2] == fresh.parameters[2]);
  CHECK(contains(start.text, "; the last layer, head/dense, is fresh, for 5 classes there are 3 here"));
}

TEST_CASE("a run is started with the weights of a checkpoint that fits, or refused with the array's name") {
  const TemporaryDirectory folder;
  Config config = small_config();
  Checkpoint other = small_trainer(config).checkpoint();
  for (NamedArray& parameter : other.parameters) parameter.values.assign(parameter.values.size(), 0.5f);
  other.iteration = 7;
  // A head for 100 classes.
  for (NamedArray& parameter : other.parameters) {
    if (parameter.name == "head/dense/weight") parameter = array(parameter.name, {100, 112}, 0.5f);
    if (parameter.name == "head/dense/bias") parameter = array(parameter.name, {100}, 0.5f);
  }
  write_checkpoint(folder / "other.h5", other);
  config.training.initialize_from = (folder / "other.h5").string();
  TrainingHooks hooks;
  hooks.before_step = [&](Trainer& trainer) {
    const Checkpoint start = trainer.checkpoint();
    CHECK(start.iteration == 0);
    CHECK(start.parameters.front() == other.parameters.front());
    CHECK(start.parameters.back().shape == Shape{10});
    throw Error("the end");
  };
  CHECK_THROWS_AS(run_training(config, folder / "run", RunStart::fresh, "test", hooks), Error);
  CHECK(contains(testing::read_file(folder / "run/run.log"), "head/dense, is fresh"));
  config = small_config("resnet32");
  config.training.initialize_from = (folder / "other.h5").string();
  const auto refused = [&](const std::string& why) {
    const std::string message =
        message_of<Error>([&] { run_training(config, folder / "no", RunStart::fresh, "test"); });
    CHECK(contains(message, why));
    // By looking alone, too, as --dry-run does.
    CHECK(message_of<Error>([&] { check_start(config, folder / "no", RunStart::fresh); }) == message);
    CHECK_FALSE(std::filesystem::exists(folder / "no"));
  };
  refused("other.h5: /parameters/stem/conv/weight has shape [32, 3, 3, 3], this network's is [16, 3, 3, 3]");
  config.training.initialize_from = (folder / "none.h5").string();
  refused("none.h5");
}

}  // namespace
}  // namespace revnet
