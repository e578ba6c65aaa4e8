// The average of the weights: its values, its independence of the training, and its restoration bit for bit.
#include "train/weight_average.h"

#include <algorithm>
#include <mutex>

#include <doctest/doctest.h>

#include "difference.h"
#include "train/rank_trainers.h"

namespace revnet {
namespace {

using testing::largest_difference;

Config averaging_config() {
  Config config = small_config();
  config.training.average_decay = 0.6;
  config.batch_norm.recalibration_batches = 2;
  return config;
}

TEST_CASE("the decay of the average rises to the configured one") {
  CHECK(average_decay(0.999, 1) == doctest::Approx(2.0 / 11));
  CHECK(average_decay(0.999, 90) == doctest::Approx(0.91));
  CHECK(average_decay(0.999, 1'000'000) == 0.999);
  CHECK(average_decay(0.5, 100) == 0.5);
}

TEST_CASE("the average equals a plain loop in double precision and does not affect training") {
  Trainer averaged = small_trainer(averaging_config()), plain = small_trainer(small_config());
  std::vector<std::vector<double>> expected;
  for (const NamedArray& array : export_values(averaged.network())) {
    expected.emplace_back(array.values.begin(), array.values.end());
  }
  for (int step = 1; step <= 4; ++step) {
    averaged.step();
    plain.step();
    const double decay = std::min(0.6, (1.0 + step) / (10.0 + step));
    const std::vector<NamedArray> values = export_values(averaged.network());
    for (std::size_t a = 0; a < values.size(); ++a) {
      for (std::size_t i = 0; i < expected[a].size(); ++i) {
        expected[a][i] = decay * expected[a][i] + (1 - decay) * values[a].values[i];
      }
    }
  }
  const std::vector<NamedArray> average = export_average(averaged.network());
  REQUIRE(average.size() == expected.size());
  for (std::size_t a = 0; a < average.size(); ++a) {
    CAPTURE(average[a].name);
    CHECK(largest_difference(average[a].values, expected[a]) < 1e-6);
  }
  Checkpoint without = averaged.checkpoint();
  CHECK_FALSE(without.average == without.parameters);
  without.average.clear();
  CHECK(same_state(without, plain.checkpoint()));
  CHECK(export_average(plain.network()).empty());
}

TEST_CASE("the average is evaluated like ordinary weights, which changes no state") {
  Trainer trainer = small_trainer(averaging_config());
  for (int step = 0; step < 3; ++step) trainer.step();
  const Checkpoint before = trainer.checkpoint();
  const Loss average = trainer.evaluate_average().value();
  CHECK(same_state(trainer.checkpoint(), before));

  Checkpoint as_weights = before;
  as_weights.parameters = before.average;
  Config config = small_config();
  config.batch_norm.evaluation = Config::BatchNorm::Evaluation::recalibrated;
  config.batch_norm.recalibration_batches = 2;
  Trainer other = small_trainer(config);
  other.restore(as_weights, "here");
  CHECK(other.evaluate().value().cross_entropy == average.cross_entropy);
  CHECK(trainer.evaluate().value().cross_entropy != average.cross_entropy);
}

TEST_CASE("a restored average continues bit for bit, and a missing one is named") {
  Trainer whole = small_trainer(averaging_config());
  whole.step();
  Checkpoint middle = whole.checkpoint();
  whole.step();
  Trainer resumed = small_trainer(averaging_config());
  resumed.restore(middle, "here");
  resumed.step();
  CHECK(same_state(resumed.checkpoint(), whole.checkpoint()));

  // A network without averages accepts the rest of the checkpoint.
  Trainer plain = small_trainer(small_config());
  plain.restore(middle, "here");
  CHECK(plain.checkpoint().parameters == middle.parameters);
  middle.average.clear();
  CHECK(contains(message_of<Error>([&] { resumed.restore(middle, "here"); }), "here: /average/"));
}

TEST_CASE("all ranks keep the same average, and a restored training continues with it") {
  Config config = averaging_config();
  config.training.batch = 5;
  std::mutex mutex;
  std::vector<Checkpoint> middles, ends, resumed;
  std::vector<double> losses;
  train_on_ranks(2, config, [&](Trainer& trainer) {
    trainer.step();
    const Checkpoint middle = trainer.checkpoint();
    const double loss = trainer.evaluate_average().value().cross_entropy;
    trainer.step();
    trainer.check_equal();
    const std::scoped_lock lock(mutex);
    middles.push_back(middle);
    ends.push_back(trainer.checkpoint());
    losses.push_back(loss);
  });
  train_on_ranks(2, config, [&](Trainer& trainer) {
    if (trainer.communicator().is_first()) trainer.restore(middles[0], "here");
    trainer.broadcast_state();
    trainer.step();
    const std::scoped_lock lock(mutex);
    resumed.push_back(trainer.checkpoint());
  });
  CHECK(same_state(ends[0], ends[1]));
  CHECK(same_state(resumed[0], ends[0]));
  CHECK(same_state(resumed[1], ends[0]));
  CHECK(losses[0] == losses[1]);
}

}  // namespace
}  // namespace revnet
