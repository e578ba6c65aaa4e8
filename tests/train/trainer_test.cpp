// Training is reproducible bit for bit from a seed, across a checkpoint, and regardless of evaluations.
#include "train/trainer.h"

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "difference.h"
#include "ops/softmax_cross_entropy.h"
#include "train/support.h"

namespace revnet {
namespace {

using testing::largest_difference;

TEST_CASE("the same seed trains to the same bits") {
  Config config = small_config();
  config.training.threads = 2;
  Trainer one = small_trainer(config), two = small_trainer(config);
  for (int step = 0; step < 3; ++step) {
    const Loss a = one.step(), b = two.step();
    CHECK(a.cross_entropy == b.cross_entropy);
    CHECK(a.images == 8);
  }
  CHECK(one.iteration() == 3);
  CHECK(same_state(one.checkpoint(), two.checkpoint()));

  config.training.seed = 2;
  Trainer other = small_trainer(config);
  CHECK_FALSE(other.checkpoint().parameters == small_trainer(small_config()).checkpoint().parameters);
}

TEST_CASE("a restored trainer continues bit for bit") {
  using Settings = Config::Network;
  for (const char* architecture : {"revnet38", "resnet32", "revnet164"}) {
    for (const auto engine : {Settings::Engine::fused, Settings::Engine::onednn}) {
      CAPTURE(architecture);
      CAPTURE(name(engine));
      Config config = small_config();
      config.network.architecture = architecture;
      config.network.units = {2, 2, 2};
      config.network.activations = Settings::Activations::automatic;
      config.network.engine = engine;
      config = resolve(config);
      Trainer whole = small_trainer(config);
      for (int step = 0; step < 2; ++step) whole.step();
      const Checkpoint middle = whole.checkpoint();
      CHECK(middle.iteration == 2);
      const Loss expected = whole.step();

      // Its layers have made their copies of the weights just now, while those of `whole` have followed them.
      Trainer resumed = small_trainer(config);
      resumed.restore(middle, "here");
      CHECK(resumed.iteration() == 2);
      CHECK(same_state(resumed.checkpoint(), middle));
      CHECK(resumed.step().cross_entropy == expected.cross_entropy);
      CHECK(same_state(resumed.checkpoint(), whole.checkpoint()));
    }
  }
}

TEST_CASE("every setting of the recipe reaches the steps") {
  const auto trained = [](const Config& config) {
    Trainer trainer = small_trainer(config);
    for (int step = 0; step < 2; ++step) trainer.step();
    return trainer.checkpoint().parameters;
  };
  const std::vector<NamedArray> usual = trained(small_config());
  for (const auto& [key, value] : {std::pair{"training.momentum", "0.5"},
                                   {"training.weight_decay", "0.1"},
                                   {"training.nesterov", "true"},
                                   {"training.label_smoothing", "0.2"},
                                   {"training.learning_rate", "0.05"},
                                   {"batch_norm.epsilon", "0.1"}}) {
    CAPTURE(key);
    Config config = small_config();
    set_value(config, key, value, "test");
    CHECK_FALSE(trained(config) == usual);
  }
  Config smooth = small_config();
  smooth.training.label_smoothing = 0.2;
  CHECK(small_trainer(smooth).step().cross_entropy != small_trainer(small_config()).step().cross_entropy);
}

TEST_CASE("a step updates the running averages once") {
  Config config = small_config();
  config.batch_norm.decay = 0.75;
  Trainer trainer = small_trainer(config);
  trainer.step();
  for (Norm* norm : trainer.network().norms()) {
    CAPTURE(norm->name());
    for (std::size_t c = 0; c < norm->running().mean.values().size(); ++c) {
      const float mean = norm->batch().mean.values()[c], variance = norm->batch().variance.values()[c];
      CHECK(norm->running().mean.values()[c] == doctest::Approx(0.25 * mean).epsilon(1e-6));
      CHECK(norm->running().variance.values()[c] == doctest::Approx(0.75 + 0.25 * variance).epsilon(1e-6));
    }
  }
}

// Returns the state after three steps.
Checkpoint trained(const Config& config) {
  Trainer trainer = small_trainer(config);
  for (int step = 0; step < 3; ++step) trainer.step();
  return trainer.checkpoint();
}

void check_exact_training(Config config) {
  using Network = Config::Network;
  CAPTURE(network_name(config.network));
  CAPTURE(name(config.network.engine));
  CAPTURE(config.training.threads);
  const auto in_mode = [&](Network::Activations activations) {
    config.network.activations = activations;
    return trained(config);
  };
  CHECK_FALSE(
      same_state(in_mode(Network::Activations::reconstructed), in_mode(Network::Activations::stored)));
  config.network.coupling = Network::Coupling::exact;
  CHECK(same_state(in_mode(Network::Activations::reconstructed), in_mode(Network::Activations::stored)));
}

TEST_CASE("with exact coupling, stored and reconstructed activations train to the same bits") {
  for (const char* architecture : {"revnet38", "revnet110", "revnet164"}) {
    Config config = small_config(architecture);
    config.network.units = {2, 2, 2};  // of which the second ones are reconstructed
    for (const auto engine : {Config::Network::Engine::fused, Config::Network::Engine::onednn}) {
      for (const int threads : {1, 2}) {
        config.network.engine = engine;
        config.training.threads = threads;
        check_exact_training(config);
      }
    }
  }
}

TEST_CASE("the range is watched only with exact coupling") {
  Config config = small_config();
  Trainer floating = small_trainer(config);
  floating.step();
  CHECK(floating.range().largest().empty());
  config.network.coupling = Config::Network::Coupling::exact;
  Trainer exact = small_trainer(config);
  exact.step();
  CHECK(exact.range().largest().size() == 2 * 3 * 3);  // F and G of every unit
  for (const auto& [function, largest] : exact.range().largest()) CHECK(largest > 0);
}

// One parameter, updated in double precision by the gradients that a trainer computes.
struct Expected {
  explicit Expected(const Parameter& parameter) {
    const std::vector<float> plain = to_plain(parameter.value);
    values.assign(plain.begin(), plain.end());
    momentum.assign(plain.size(), 0.0);
  }

  void step(const Parameter& parameter, double rate) {
    const std::vector<float> gradient = to_plain(parameter.gradient);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double decay = parameter.decays ? 2e-4 * values[i] : 0.0;
      momentum[i] = 0.9 * momentum[i] + gradient[i] + decay;
      values[i] -= rate * momentum[i];
    }
  }

  std::vector<double> values, momentum;
};

TEST_CASE("each step moves parameters by the rate of its iteration times the momentum with weight decay") {
  Trainer trainer = small_trainer(small_config());  // of 4 iterations; the rate decays after 2 and 3
  const std::vector<Parameter*>& parameters = trainer.network().parameters();
  std::vector<Expected> expected;
  for (const Parameter* parameter : parameters) expected.emplace_back(*parameter);
  for (const double rate : {0.1, 0.1, 0.01, 0.001}) {
    CHECK(trainer.learning_rate() == doctest::Approx(rate));
    trainer.step();
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      const Parameter& parameter = *parameters[p];
      CAPTURE(parameter.name);
      expected[p].step(parameter, rate);
      const std::vector<float> after = to_plain(parameter.value);
      CHECK(largest_difference(after, expected[p].values) < 1e-6);
      const auto filled = [](std::span<const float> values) {
        return std::ranges::count_if(values, [](float value) { return value != 0.0f; });
      };
      CHECK(filled(parameter.value.values()) == filled(after));  // padding stays zero
    }
  }
}

TEST_CASE("no gradient is computed before a batch is fetched, nor on the images of an evaluation") {
  Trainer trainer = small_trainer(small_config());
  CHECK_THROWS_AS(trainer.compute_gradient(), std::logic_error);
  trainer.fetch_batch(0);
  const Loss loss = trainer.compute_gradient();
  trainer.evaluate();
  CHECK_THROWS_AS(trainer.compute_gradient(), std::logic_error);
  trainer.fetch_batch(0);
  CHECK(trainer.compute_gradient().cross_entropy == loss.cross_entropy);
}

TEST_CASE("an evaluation changes neither the state nor the next step") {
  Trainer plain = small_trainer(small_config()), evaluated = small_trainer(small_config());
  plain.step();
  evaluated.step();
  const Checkpoint before = evaluated.checkpoint();
  const Loss first = evaluated.evaluate().value(), second = evaluated.evaluate().value();
  CHECK(same_state(evaluated.checkpoint(), before));
  CHECK(first.cross_entropy == second.cross_entropy);
  CHECK(plain.step().cross_entropy == evaluated.step().cross_entropy);
  CHECK(same_state(plain.checkpoint(), evaluated.checkpoint()));
}

// With 50 images in batches of 8, the last batch is filled up with images that must not count.
TEST_CASE("evaluation counts every test image once") {
  Config config = small_config();
  config.training.label_smoothing = 0.2;  // of the training only
  Trainer trainer = small_trainer(config);
  trainer.step();
  const Loss loss = trainer.evaluate().value();
  CHECK(loss.images == 50);

  Network& network = trainer.network();
  Tensor images = network.make_images();
  std::vector<std::int32_t> labels(8);
  Loss one_by_one;
  for (std::size_t i = 0; i < 50; ++i) {
    trainer.data().fill_evaluation(i, 50, images.values(), labels);
    one_by_one += softmax_cross_entropy(network.logits(images, Pass::inference), std::span(labels).first(1));
  }
  CHECK(loss.errors == one_by_one.errors);
  CHECK(loss.cross_entropy == doctest::Approx(one_by_one.cross_entropy).epsilon(1e-6));
}

TEST_CASE("a diverging step throws and leaves the state unchanged") {
  Config config = small_config();
  config.training.learning_rate = 1e30;
  Trainer trainer = small_trainer(config);
  Checkpoint before = trainer.checkpoint();
  const auto train = [&] {
    for (int step = 0; step < 4; ++step) {
      before = trainer.checkpoint();
      trainer.step();
    }
  };
  const std::string message = message_of<DivergedError>(train);
  CHECK(contains(message, "start anew with a smaller learning rate (--lr)"));
  CHECK(contains(message, "iteration " + std::to_string(trainer.iteration() + 1)));
  const Checkpoint after = trainer.checkpoint();
  CHECK(after.iteration == before.iteration);
  CHECK(after.parameters == before.parameters);  // a NaN would not compare equal
  CHECK(after.momentum == before.momentum);
  CHECK(after.running == before.running);
}

}  // namespace
}  // namespace revnet
