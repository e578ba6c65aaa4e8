#include "train/schedule.h"

#include <doctest/doctest.h>

#include "train/support.h"

namespace revnet {
namespace {

TEST_CASE("the paper's schedule decays after 40,000 and 60,000 iterations") {
  const StepSchedule schedule(0.1, {0.5, 0.75}, 0.1, 80000);
  CHECK(schedule.rate(0) == 0.1);
  CHECK(schedule.rate(39999) == 0.1);
  CHECK(schedule.rate(40000) == doctest::Approx(0.01));
  CHECK(schedule.rate(59999) == doctest::Approx(0.01));
  CHECK(schedule.rate(60000) == doctest::Approx(0.001));
  CHECK(schedule.rate(79999) == doctest::Approx(0.001));
}

TEST_CASE("decay fractions round to whole iterations") {
  const StepSchedule schedule(1.0, {0.5, 0.75}, 0.5, 10);  // decays after 5, and after 7.5 rounded to 8
  CHECK(schedule.rate(4) == 1.0);
  CHECK(schedule.rate(5) == 0.5);
  CHECK(schedule.rate(7) == 0.5);
  CHECK(schedule.rate(8) == 0.25);
  CHECK(StepSchedule(0.3, {}, 0.1, 10).rate(9) == 0.3);
}

TEST_CASE("the schedule and the network's options follow the settings") {
  using enum Config::Network::Activations;
  Config config = small_config();
  CHECK(config.network.activations == reconstructed);
  config.training.iterations = 8;
  config.training.learning_rate = 0.4;
  config.training.decay_factor = 0.25;
  CHECK(Schedule(config.training).rate(3) == doctest::Approx(0.4));
  CHECK(Schedule(config.training).rate(4) == doctest::Approx(0.1));
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

}  // namespace
}  // namespace revnet
