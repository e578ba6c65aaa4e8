// Settings of a recipe: the length of a training, and suggestions for names that other programs use.
#include <doctest/doctest.h>

#include "files.h"
#include "settings/config_schema.h"

using namespace revnet;
using namespace revnet::testing;

TEST_CASE("of iterations and epochs the one that is given last counts") {
  Config config;
  read_config_text(config, "training: {iterations: 9, epochs: 2}\n", "test.yaml");
  CHECK(config.training.iterations == 9);
  CHECK(config.training.epochs == 2);
  apply(config, "training.iterations=5", "--set");
  CHECK(config.training.iterations == 5);
  CHECK(config.training.epochs == 0);
}

TEST_CASE("aliases lead to settings that there are") {
  for (const char* alias : {"lr", "wd", "batch_size", "max_epochs", "warmup", "scheduler", "smoothing", "ema",
                            "arch", "data_dir"}) {
    CAPTURE(alias);
    const std::string text = suggestion(alias);
    REQUIRE(contains(text, "did you mean '"));
    const std::string key = text.substr(text.find('\'') + 1, text.rfind('\'') - text.find('\'') - 1);
    CHECK(find_setting(key) != nullptr);
  }
}
