#include "run/initialization.h"

#include <doctest/doctest.h>

#include "record/checkpoint.h"
#include "run/training_run.h"
#include "train/support.h"

namespace revnet {
namespace {

NamedArray array(const std::string& name, const std::vector<std::int64_t>& shape, float value) {
  std::size_t count = 1;
  for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
  return {name, shape, std::vector<float>(count, value)};
}

// A state in which every value and every momentum is `value`.
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

TEST_CASE("only weights and running averages come from the checkpoint") {
  const Checkpoint fresh = state(3, 0, 0), from = state(3, 50, 1);
  const Initialization start = initialize_from(fresh, from, "other.h5");
  CHECK(start.state.parameters == from.parameters);
  CHECK(start.state.running == from.running);
  CHECK(start.state.momentum == fresh.momentum);
  CHECK(start.state.iteration == 0);
  CHECK(start.text == "starting with the weights in other.h5, after 50 iterations");
  Checkpoint averaging = fresh;
  averaging.average = fresh.parameters;
  CHECK(initialize_from(averaging, from, "other.h5").state.average == from.parameters);
}

TEST_CASE("if the number of classes differs, the last layer is drawn anew and the log says so") {
  const Checkpoint fresh = state(3, 0, 0), from = state(5, 50, 1);
  const Initialization start = initialize_from(fresh, from, "other.h5");
  CHECK(start.state.parameters[0] == from.parameters[0]);
  CHECK(start.state.parameters[1] == fresh.parameters[1]);
  CHECK(start.state.parameters[2] == fresh.parameters[2]);
  CHECK(contains(start.text, "; head/dense is drawn anew, because there are 3 classes here, not 5"));
}

TEST_CASE("a run starts with the weights of a checkpoint that fits, or else the message names the array") {
  const TemporaryDirectory folder;
  Config config = small_config();
  Checkpoint other = small_trainer(config).checkpoint();
  for (NamedArray& parameter : other.parameters) parameter.values.assign(parameter.values.size(), 0.5f);
  other.iteration = 7;
  other.config = to_yaml(config);
  // The checkpoint's head has 100 classes.
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
  CHECK(contains(testing::read_file(folder / "run/run.log"), "head/dense is drawn anew"));
  config = small_config("resnet32");
  config.training.initialize_from = (folder / "other.h5").string();
  const auto refused = [&](const std::string& why) {
    const std::string message =
        message_of<Error>([&] { run_training(config, folder / "no", RunStart::fresh, "test"); });
    CHECK(contains(message, why));
    // --dry-run checks the same.
    CHECK(message_of<Error>([&] { check_start(config, folder / "no", RunStart::fresh); }) == message);
    CHECK_FALSE(std::filesystem::exists(folder / "no"));
  };
  refused(
      "other.h5: /parameters/stem/conv/weight has shape [32, 3, 3, 3] instead of this network's [16, 3, 3, "
      "3]");
  config.training.initialize_from = (folder / "none.h5").string();
  refused("none.h5");
  config.training.initialize_from = (folder / "other.h5").string();
  config.dataset.validation = true;
  refused("other.h5 was trained on these images, so their error would say nothing");
}

}  // namespace
}  // namespace revnet
