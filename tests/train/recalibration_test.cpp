// Recalibrated statistics, and evaluations of a part of the set.
#include "train/recalibration.h"

#include <doctest/doctest.h>

#include "train/rank_trainers.h"

namespace revnet {
namespace {

Config recalibrating_config() {
  Config config = small_config();
  config.batch_norm.evaluation = Config::BatchNorm::Evaluation::recalibrated;
  config.batch_norm.recalibration_batches = 3;
  return config;
}

TEST_CASE(
    "an evaluation uses means over the coming batches as recalibrated statistics, and restores the old") {
  Trainer trainer = small_trainer(recalibrating_config());
  for (int step = 0; step < 2; ++step) trainer.step();
  Trainer other =
      small_trainer(small_config());  // evaluates by running averages, which are set to those means
  other.restore(trainer.checkpoint(), "here");
  Checkpoint state = other.checkpoint();
  std::vector<std::vector<double>> sums;
  for (std::int64_t batch = 0; batch < 3; ++batch) {
    other.fetch_batch(batch);
    other.network().logits(other.images(), Pass::training);
    std::size_t next = 0;
    for (Norm* norm : other.network().norms()) {
      for (const Tensor* tensor : {&norm->batch().mean, &norm->batch().variance}) {
        if (batch == 0) sums.emplace_back(tensor->values().size(), 0.0);
        for (std::size_t c = 0; c < tensor->values().size(); ++c) sums[next][c] += tensor->values()[c];
        ++next;
      }
    }
  }
  std::size_t next = 0;
  for (Norm* norm : other.network().norms()) {
    for (Tensor* tensor : {&norm->running().mean, &norm->running().variance}) {
      for (std::size_t c = 0; c < tensor->values().size(); ++c) {
        tensor->values()[c] = static_cast<float>(sums[next][c] / 3);
      }
      ++next;
    }
  }
  const Loss recalibrated = trainer.evaluate().value();
  CHECK(recalibrated.cross_entropy == other.evaluate().value().cross_entropy);
  CHECK(same_state(trainer.checkpoint(), state));
  // After two steps, running averages are still close to their initial values.
  other.restore(state, "here");
  CHECK(recalibrated.cross_entropy < other.evaluate().value().cross_entropy);
}

TEST_CASE("ranks recalibrate with the statistics of the whole batch") {
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
    expected += trainer.network().evaluate(images, std::span(labels).first(1));
  }
  CHECK(some.errors == expected.errors);
  CHECK(some.cross_entropy == doctest::Approx(expected.cross_entropy).epsilon(1e-6));
}

}  // namespace
}  // namespace revnet
