#include "train/setup.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "settings/config_schema.h"
#include "train/support.h"

namespace revnet {
namespace {

using Settings = Config::Network;

Config with(const char* architecture, Settings::Engine engine,
            Settings::Convolution convolution = Settings::Convolution::automatic) {
  Config config;
  config.network.architecture = architecture;
  config.network.engine = engine;
  config.network.convolution = convolution;
  return config;
}

TEST_CASE("the automatic engine follows the documented rule") {
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

TEST_CASE("the network's options follow the settings") {
  using enum Config::Network::Activations;
  Config config = small_config();
  CHECK(config.network.activations == reconstructed);
  CHECK(network_options(config).activations == ActivationMode::reconstructed);
  CHECK(network_options(config).batch == 8);
  CHECK(network_options(config).classes == 10);
  config.dataset.name = Config::Dataset::Name::cifar100;
  config.network.convolution = Config::Network::Convolution::direct;
  config.network.activations = stored;
  config.batch_norm.epsilon = 0.5;
  CHECK(network_options(config).classes == 100);
  CHECK(network_options(config).convolution == ConvolutionPolicy::direct);
  CHECK(network_options(config).activations == ActivationMode::stored);
  CHECK(network_options(config).epsilon == 0.5);
}

TEST_CASE("resolving chooses the architecture's own activations") {
  using enum Config::Network::Activations;
  Config config;
  config.network.architecture = "resnet32";
  CHECK(resolve(config).network.activations == stored);
  CHECK(resolve(config).training.threads > 0);
  config.network.activations = reconstructed;
  CHECK(contains(message_of<UsageError>([&] { resolve(config); }), "resnet32 is not reversible"));
  config.network.architecture = "revnet1100";
  CHECK(contains(message_of<UsageError>([&] { resolve(config); }), "did you mean 'revnet110'"));
}

TEST_CASE("unresolved settings cannot build a network") {
  CHECK_THROWS_AS(network_options(Config{}), std::logic_error);
  CHECK_THROWS_AS(network_options(with("resnet32", Settings::Engine::automatic)), std::logic_error);
}

TEST_CASE("the choices of the settings are the names of all networks and modes") {
  std::vector<std::string> names;
  for (const Architecture& network : architectures()) names.push_back(network.name);
  names.emplace_back(Settings::custom);
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

// The default settings, changed by these assignments.
Config assigned(std::initializer_list<const char*> assignments) {
  Config config;
  for (const char* assignment : assignments) apply(config, assignment, "--set");
  return config;
}

TEST_CASE("settings change a named network or describe a custom one") {
  const Architecture wider = architecture(assigned({"network.widths=64,128,224", "network.stem_width=64"}));
  CHECK(wider.name == "revnet38+widths=64-128-224+stem_width=64");
  CHECK(wider.reversible);
  CHECK(wider.units_text() == "3-3-3");
  CHECK(wider.widths_text() == "64, 64-128-224");
  CHECK(architecture(assigned({"network.architecture=resnet50", "network.stem_pool=false"})).stem.kernel ==
        7);

  const Architecture own = architecture(assigned({"network.architecture=custom", "network.bottleneck=true",
                                                  "network.units=1,2", "network.widths=8,12"}));
  CHECK_FALSE(own.reversible);
  CHECK(own.stem.width == 8);
  CHECK(own.stem.kernel == 3);
  CHECK(own.stages.front().stride == 1);
  CHECK(own.stages.back().stride == 2);
  CHECK(own.final_width() == 48);
}

TEST_CASE("an impossible network is refused with the number that is wrong") {
  const auto refused = [](std::initializer_list<const char*> assignments) {
    return testing::message_of<UsageError>([&] { resolve(assigned(assignments)); });
  };
  const char* custom = "network.architecture=custom";
  CHECK(refused({custom}) ==
        "custom cannot be built: it has no stages; give units and widths, one number per stage");
  CHECK(refused({"network.units=3,3,3,3"}) ==
        "revnet38+units=3-3-3-3: units are given for 4 stages, widths for 3, strides for 3; give "
        "network.units, network.widths and network.strides one number per stage");
  CHECK(contains(refused({"network.widths=32,63,112"}), "stage 2 has width 63, which has no halves"));
  CHECK(contains(refused({"network.stem_width=31"}), "the stem has width 31, which has no halves"));
  CHECK(contains(refused({"network.widths=64,32,112"}), "stage 2 has width 32 after 64"));
  CHECK(contains(refused({"network.strides=1,3,2"}),
                 "stage 2 has stride 3, which does not divide 32x32 pixels"));
  CHECK(contains(refused({"network.strides=8,8,2"}), "stage 2 has stride 8, but only 4x4 pixels reach it"));
  CHECK_NOTHROW(resolve(assigned({"network.bottleneck=true", "network.strides=1,3,2"})));  // it projects
  CHECK(
      contains(refused({"network.reversible=false", "network.activations=reconstructed"}), "not reversible"));
}

TEST_CASE("a training that cannot learn is refused") {
  Config config = small_config();
  config.network.strides = {1, 2, 16};
  config.training.batch = 2;
  CHECK_NOTHROW(check_can_learn(config, 1));
  const auto refused = [&](int ranks) {
    return contains(message_of<UsageError>([&] { check_can_learn(config, ranks); }),
                    "use a larger --batch or --micro-batch");
  };
  CHECK(refused(2));
  config.batch_norm.statistics = Config::BatchNorm::Statistics::synchronized;
  CHECK_NOTHROW(check_can_learn(config, 2));
  config.training.micro_batch = 1;
  CHECK(refused(1));
  config.network.strides = {1, 2, 8};
  CHECK_NOTHROW(check_can_learn(config, 1));
  config.batch_norm.epsilon = 1e-46;
  CHECK(contains(message_of<UsageError>([&] { check_can_learn(config, 1); }), "batch_norm.epsilon"));
}

TEST_CASE("settings of other data sets are refused, not ignored") {
  const auto refused = [](std::initializer_list<const char*> assignments) {
    return testing::message_of<UsageError>([&] { resolve(assigned(assignments)); });
  };
  for (const char* assignment : {"dataset.classes=5", "dataset.values=standardized", "dataset.workers=2",
                                 "dataset.damaged=skip", "augmentation.colour=true"}) {
    CHECK(contains(refused({"dataset.name=cifar10", assignment}),
                   "applies to photographs only, not to cifar10"));
  }
  CHECK(refused({"dataset.name=images", "dataset.classes=5", "augmentation.padding=4"}) ==
        "augmentation.padding: 4 applies to CIFAR and synthetic images only, not to images; leave it at 2");
}

}  // namespace
}  // namespace revnet
