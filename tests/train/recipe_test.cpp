// Recipes other than the paper's: schedules, epochs, and contradictory settings.
#include "train/recipe.h"

#include <cmath>
#include <numbers>

#include <doctest/doctest.h>

#include "train/schedule.h"
#include "train/support.h"

namespace revnet {
namespace {

TEST_CASE("the cosine schedule equals the closed form of PyTorch's CosineAnnealingLR") {
  Config::Training settings;
  settings.learning_rate = 0.4;
  settings.iterations = 10;
  settings.schedule = Config::Training::Schedule::cosine;
  const Schedule schedule(settings);
  for (int done = 0; done < 10; ++done) {
    CHECK(schedule.rate(done) == doctest::Approx(0.4 * (1 + std::cos(std::numbers::pi * done / 10)) / 2));
  }
  CHECK(schedule.rate(0) == 0.4);
  CHECK(schedule.rate(5) == doctest::Approx(0.2));
  CHECK(schedule.rate(10) == doctest::Approx(0).scale(1));
}

TEST_CASE("a warm-up rises in equal steps, and the cosine begins after it") {
  Config::Training settings;
  settings.learning_rate = 0.4;
  settings.iterations = 20;
  settings.warmup_iterations = 4;
  for (const auto shape : {Config::Training::Schedule::steps, Config::Training::Schedule::cosine}) {
    settings.schedule = shape;
    const Schedule schedule(settings);
    CHECK(schedule.rate(0) == doctest::Approx(0.1));
    CHECK(schedule.rate(1) == doctest::Approx(0.2));
    CHECK(schedule.rate(2) == doctest::Approx(0.3));
    CHECK(schedule.rate(3) == 0.4);
    CHECK(schedule.rate(4) == 0.4);
  }
  CHECK(Schedule(settings).rate(12) == doctest::Approx(0.2));  // half of the cosine's 16 iterations
  settings.schedule = Config::Training::Schedule::steps;
  CHECK(Schedule(settings).rate(9) == 0.4);
  CHECK(Schedule(settings).rate(10) == doctest::Approx(0.04));  // a warm-up does not shift steps
}

TEST_CASE("training.base_batch scales the learning rate with the batch") {
  Config::Training settings;
  settings.batch = 400;
  CHECK(Schedule(settings).rate(0) == 0.1);
  settings.base_batch = 100;
  CHECK(Schedule(settings).rate(0) == doctest::Approx(0.4));
  CHECK(Schedule(settings).rate(40000) == doctest::Approx(0.04));
}

TEST_CASE("epochs become iterations, and the last of --epochs and --iterations wins") {
  Config config;
  set_value(config, "training.epochs", "164", "--epochs");
  CHECK(resolve(config).training.iterations == 82000);
  CHECK(resolve(config).training.epochs == 0);
  config.dataset.validation = true;
  CHECK(resolve(config).training.iterations == 73800);
  config.dataset.name = Config::Dataset::Name::synthetic;
  config.dataset.validation = false;
  config.training.batch = 64;
  config.training.epochs = 0.5;
  CHECK(resolve(config).training.iterations == 78);  // of 5,000 images
  config.training.epochs = 1e-9;
  CHECK(resolve(config).training.iterations == 1);
  set_value(config, "training.iterations", "7", "--iterations");
  CHECK(resolve(config).training.iterations == 7);
}

TEST_CASE("settings that others keep from acting are named") {
  Config config = small_config();
  CHECK(doubtful_settings(config).empty());
  config.network.stem_kernel = 15;
  CHECK(doubtful_settings(config).size() == 1);
  config.network.stem_kernel = 14;
  config.network.grid_bits = 10;
  config.training.decay_at = {0.5};
  CHECK(doubtful_settings(config) ==
        std::vector<std::string>{"network.grid_bits is 10, but acts only if network.coupling is exact"});
  config.network.coupling = Config::Network::Coupling::exact;
  config.training.schedule = Config::Training::Schedule::cosine;
  config.augmentation.enabled = false;
  config.augmentation.padding = 4;
  CHECK(doubtful_settings(config) ==
        std::vector<std::string>{"training.decay_at is [0.5], but acts only if training.schedule is steps",
                                 "augmentation.padding is 4, but acts only if augmentation.enabled is true"});
  config = Config();
  config.dataset.name = Config::Dataset::Name::imagenet;
  CHECK(contains(doubtful_settings(config).at(0), "the recipe is that of CIFAR"));
  config.training.batch = 256;
  CHECK(doubtful_settings(config).empty());
}

TEST_CASE("an impossible recipe is refused") {
  Config config = small_config();  // of 4 iterations
  config.training.warmup_iterations = 4;
  CHECK(message_of<UsageError>([&] { resolve(config); }) ==
        "training.warmup_iterations: a warm-up of 4 iterations is not shorter than the training of 4; use "
        "fewer");
  config.training.warmup_iterations = 3;
  CHECK_NOTHROW(resolve(config));
  config.training.nesterov = true;
  CHECK_NOTHROW(resolve(config));
  config.training.momentum = 0;
  CHECK(contains(message_of<UsageError>([&] { resolve(config); }),
                 "training.nesterov: Nesterov's method needs momentum"));
}

}  // namespace
}  // namespace revnet
