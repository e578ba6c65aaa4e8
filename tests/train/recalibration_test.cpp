// Recalibrated statistics, and evaluations of a part of the set.
#include "train/recalibration.h"

#include <doctest/doctest.h>

#include "ops/softmax_cross_entropy.h"
#include "train/rank_trainers.h"

namespace revnet {
namespace {

Config recalibrating_config() {
  Config config = small_config();
  config.batch_norm.evaluation = Config::BatchNorm::Evaluation::recalibrated;
  config.batch_norm.recalibration_batches = 3;
  return config;
}

// The statistics of all norms in turn, each one's means and then its variances.
using AllStatistics = std::vector<double>;

// Adds the statistics of the last training pass, times the weight.
void add(AllStatistics& sums, Network& network, double weight) {
  std::size_t next = 0;
  for (Norm* norm : network.norms()) {
    for (const Tensor* tensor : {&norm->batch().mean, &norm->batch().variance}) {
      if (sums.size() < next + tensor->values().size()) sums.resize(next + tensor->values().size());
      for (const float value : tensor->values()) sums[next++] += weight * value;
    }
  }
}

void set_running(Network& network, const AllStatistics& statistics) {
  std::size_t next = 0;
  for (Norm* norm : network.norms()) {
    for (Tensor* tensor : {&norm->running().mean, &norm->running().variance}) {
      for (float& value : tensor->values()) value = static_cast<float>(statistics[next++]);
    }
  }
}

TEST_CASE(
    "an evaluation uses means over the coming batches as recalibrated statistics, and restores the old") {
  Trainer trainer = small_trainer(recalibrating_config());
  for (int step = 0; step < 2; ++step) trainer.step();
  Trainer other =
      small_trainer(small_config());  // evaluates by running averages, which are set to those means
  other.restore(trainer.checkpoint(), "here");
  Checkpoint state = other.checkpoint();
  AllStatistics means;
  for (std::int64_t batch = 0; batch < 3; ++batch) {
    other.fetch_batch(batch);
    other.network().logits(other.images(), Pass::training);
    add(means, other.network(), 1.0 / 3);
  }
  set_running(other.network(), means);
  const Loss recalibrated = trainer.evaluate().value();
  CHECK(recalibrated.cross_entropy == doctest::Approx(other.evaluate().value().cross_entropy).epsilon(1e-6));
  CHECK(same_state(trainer.checkpoint(), state));
  // After two steps, running averages are still close to their initial values.
  other.restore(state, "here");
  CHECK(recalibrated.cross_entropy < other.evaluate().value().cross_entropy);
}

TEST_CASE("ranks recalibrate with means over their shards that count every image alike") {
  Config config = recalibrating_config();
  config.training.batch = 5;  // shards of 3 and 2
  AllStatistics means;
  double recalibrated = 0;
  train_on_ranks(2, config, [&](Trainer& trainer) {
    AllStatistics shares;
    for (std::int64_t batch = 0; batch < 3; ++batch) {
      trainer.fetch_batch(batch);
      trainer.network().logits(trainer.images(), Pass::training);
      add(shares, trainer.network(), static_cast<double>(trainer.labels().size()) / 5 / 3);
    }
    trainer.communicator().sum(shares);
    const double cross_entropy = trainer.evaluate().value().cross_entropy;
    if (!trainer.communicator().is_first()) return;
    means = shares;
    recalibrated = cross_entropy;
  });
  config.batch_norm.evaluation = Config::BatchNorm::Evaluation::running;
  Trainer alone = trainer_of(config, uneven_data(config));
  set_running(alone.network(), means);
  CHECK(recalibrated == doctest::Approx(alone.evaluate().value().cross_entropy).epsilon(1e-6));
}

TEST_CASE("ranks that synchronize statistics recalibrate with those of the whole batch") {
  Config config = recalibrating_config();
  config.training.batch = 5;  // shards of 3 and 2
  config.batch_norm.statistics = Config::BatchNorm::Statistics::synchronized;
  const double alone = trainer_of(config, uneven_data(config)).evaluate().value().cross_entropy;
  train_on_ranks(2, config, [&](Trainer& trainer) {
    CHECK(trainer.evaluate().value().cross_entropy == doctest::Approx(alone).epsilon(1e-4));
  });
}

TEST_CASE("recalibrated evaluations do not change the bits of a training") {
  Trainer evaluated = small_trainer(recalibrating_config()), plain = small_trainer(small_config());
  for (int step = 0; step < 2; ++step) {
    CHECK(evaluated.step().cross_entropy == plain.step().cross_entropy);
    evaluated.evaluate();
  }
  CHECK(same_state(evaluated.checkpoint(), plain.checkpoint()));
}

TEST_CASE("an evaluation can be stopped during recalibration") {
  Trainer trainer = small_trainer(recalibrating_config());
  trainer.step();
  const Checkpoint before = trainer.checkpoint();
  int asked = 0;
  CHECK_FALSE(trainer.evaluate([&] { return ++asked == 2; }).has_value());
  CHECK(asked == 2);
  CHECK(same_state(trainer.checkpoint(), before));
}

// Of 50 images, it takes numbers 0, 8, 16, ..., 48: each part of seven gives its first image, the
// next its second, and so on.
TEST_CASE("a partial evaluation takes images from all over the set") {
  Trainer trainer = small_trainer(small_config());
  trainer.step();
  const Loss some = trainer.evaluate({}, 7).value();
  CHECK(some.images == 7);
  CHECK(trainer.evaluate({}, 1000).value().images == 50);
  CHECK(trainer.evaluate().value().images == 50);

  Tensor images = trainer.network().make_images();
  std::vector<std::int32_t> labels(8);
  Loss expected;
  for (std::size_t i = 0; i < 7; ++i) {
    trainer.data().fill_evaluation(i * 50 / 7 + i % 7, 50, images.values(), labels);
    expected +=
        softmax_cross_entropy(trainer.network().logits(images, Pass::inference), std::span(labels).first(1));
  }
  CHECK(some.errors == expected.errors);
  CHECK(some.cross_entropy == doctest::Approx(expected.cross_entropy).epsilon(1e-6));
}

}  // namespace
}  // namespace revnet
