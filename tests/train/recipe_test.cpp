// Recipes other than the paper's: epochs, and contradictory settings.
#include "train/recipe.h"

#include <doctest/doctest.h>

#include "train/support.h"

namespace revnet {
namespace {

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
