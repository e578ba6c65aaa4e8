#include "train/setup.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "files.h"
#include "record/config_schema.h"
#include "train/training_run.h"

namespace revnet {
namespace {

using testing::contains;

using Settings = Config::Network;

Config with(const char* architecture, Settings::Engine engine,
            Settings::Convolution convolution = Settings::Convolution::automatic) {
  Config config;
  config.network.architecture = architecture;
  config.network.engine = engine;
  config.network.convolution = convolution;
  return config;
}

TEST_CASE("the engine is chosen by the documented rule") {
  using enum Config::Network::Engine;
  constexpr auto direct = Settings::Convolution::direct;
  CHECK(resolve(with("resnet32", automatic)).network.engine == fused);
  CHECK(resolve(with("revnet110", automatic)).network.engine == fused);
  CHECK(resolve(with("revnet164", automatic)).network.engine == fused);
  CHECK(resolve(with("revnet38", onednn)).network.engine == onednn);
  CHECK(resolve(with("revnet38", automatic, direct)).network.engine == onednn);
  CHECK(contains(testing::message_of<UsageError>([] { resolve(with("revnet38", fused, direct)); }),
                 "Winograd"));
  CHECK(network_options(resolve(with("resnet32", automatic))).engine == Engine::fused);
  CHECK(network_options(resolve(with("resnet164", onednn))).engine == Engine::onednn);
}

TEST_CASE("settings that were not resolved are no network's") {
  CHECK_THROWS_AS(network_options(Config{}), std::logic_error);
  CHECK_THROWS_AS(network_options(with("resnet32", Settings::Engine::automatic)), std::logic_error);
}

TEST_CASE("the settings know the networks and modes that there are, by the same names") {
  std::vector<std::string> names;
  for (const Architecture& architecture : architectures()) names.push_back(architecture.name);
  CHECK(find_setting("network.architecture")->choices == names);
  std::vector<std::string> modes{name(Settings::Activations::automatic)};
  for (const ActivationMode mode : activation_modes) modes.emplace_back(name(mode));
  CHECK(find_setting("network.activations")->choices == modes);
  for (const std::string mode : {"stored", "reconstructed", "checkpointed", "recursive"}) {
    Config config;
    set_value(config, "network.activations", mode, "test");
    CHECK(name(activation_mode(config.network.activations)) == mode);
  }
  CHECK(name(Settings::Engine::fused) == name(Engine::fused));
  CHECK(name(Settings::Engine::onednn) == name(Engine::onednn));
}

TEST_CASE("a run from before there was a choice of engines goes on with oneDNN") {
  const testing::TemporaryDirectory folder;
  testing::write_file(folder / "config.yaml", "network:\n  architecture: revnet38\n");
  CHECK(settings_of_run(folder.path()).network.engine == Settings::Engine::onednn);
  testing::write_file(folder / "config.yaml", "network:\n  engine: fused\n");
  CHECK(settings_of_run(folder.path()).network.engine == Settings::Engine::fused);
}

}  // namespace
}  // namespace revnet
