// A batch computed in parts: gradients, statistics, memory, ranks, and steps that fail in the middle.
#include <doctest/doctest.h>

#include "train/rank_trainers.h"

namespace revnet {
namespace {

using testing::MeetingPlace;
using Settings = Config::Network;

constexpr double decay = 0.8;

// A short run, so that each test takes seconds.
Config micro_config(std::int64_t batch, std::int64_t micro_batch) {
  Config config = small_config();
  config.network.units = {1, 1, 2};
  config.training.batch = batch;
  config.training.micro_batch = micro_batch;
  config.batch_norm.decay = decay;
  return resolve(config);
}

// A trainer whose arena has room for another batch.
Trainer roomy_trainer(const Config& config) {
  return trainer_of(config, small_data(config), std::size_t{1} << 20);
}

// The oracle: micro-batches from `first` on as batches of their own, whose running averages move in turn.
// Gradients are their mean.
Gradient by_hand(Config config, std::int64_t first, std::int64_t count) {
  config.training.batch = config.training.micro_batch;
  config.training.micro_batch = 0;
  Trainer trainer = roomy_trainer(config);
  Network& network = trainer.network();
  Tensor images = network.make_images();
  std::vector<std::int32_t> labels(static_cast<std::size_t>(config.training.batch));
  Gradient mean;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t position = first + i * config.training.batch;
    trainer.data().fill_training(position, position, images.values(), labels);
    mean.loss += network.compute_gradient(images, labels);
    network.commit_statistics(decay);
    std::vector<NamedArray> one = export_gradients(network);
    if (i == 0) mean.arrays = one;
    for (std::size_t k = 0; k < one.size(); ++k) {
      for (std::size_t v = 0; v < one[k].values.size(); ++v) {
        float& value = mean.arrays[k].values[v];
        value = (i == 0 ? 0 : value) + one[k].values[v] / static_cast<float>(count);
      }
    }
  }
  mean.running = export_running(network);
  return mean;
}

TEST_CASE("gradients of micro-batches are averaged, and each of them moves the running averages") {
  for (const auto engine : {Settings::Engine::fused, Settings::Engine::onednn}) {
    for (const auto activations : {Settings::Activations::stored, Settings::Activations::reconstructed}) {
      CAPTURE(engine);
      Config config = micro_config(6, 2);
      config.network.engine = engine;
      config.network.activations = activations;
      Trainer trainer = small_trainer(config);
      const Gradient one = gradient_of(trainer, trainer.running_decay()), expected = by_hand(config, 0, 3);
      CHECK(one.loss.images == 6);
      CHECK(one.loss.errors == expected.loss.errors);
      CHECK(one.loss.cross_entropy == doctest::Approx(expected.loss.cross_entropy).epsilon(1e-6));
      CHECK(distance(one.arrays, expected.arrays) < 1e-5);
      check_same(one.running, expected.running);
      // The batch fetched last can be computed again.
      trainer.compute_gradient();
      CHECK(export_gradients(trainer.network()) == one.arrays);
    }
  }
}

// Returns the gradient of each rank, and checks that both stay equal in the step after it.
std::vector<Gradient> gradients_of_two_ranks(const Config& config) {
  std::vector<Gradient> gradients(2);
  const auto train = [&](Trainer& trainer) {
    const auto rank = static_cast<std::size_t>(trainer.communicator().rank());
    gradients[rank] = gradient_of(trainer, trainer.running_decay());
    trainer.step();
    trainer.check_equal();
  };
  train_on_ranks(2, config, train, [&](int) { return small_data(config); });
  CHECK(gradients[0].arrays == gradients[1].arrays);
  CHECK(gradients[0].running == gradients[1].running);
  return gradients;
}

TEST_CASE("ranks divide their shards into micro-batches, and add up after the last") {
  const Config config = micro_config(8, 2);
  const std::vector<Gradient> of_rank = gradients_of_two_ranks(config);
  CHECK(of_rank[0].loss.images == 8);
  CHECK(distance(of_rank[0].arrays, by_hand(config, 0, 4).arrays) < 1e-5);
  std::vector<RunningAverage> mean = by_hand(config, 0, 2).running;
  const std::vector<RunningAverage> second = by_hand(config, 4, 2).running;
  for (std::size_t i = 0; i < mean.size(); ++i) {
    for (std::size_t c = 0; c < mean[i].mean.size(); ++c) {
      mean[i].mean[c] = (mean[i].mean[c] + second[i].mean[c]) / 2;
      mean[i].variance[c] = (mean[i].variance[c] + second[i].variance[c]) / 2;
    }
  }
  check_same(of_rank[0].running, mean);
}

TEST_CASE("with synchronized statistics ranks normalise each micro-batch together") {
  Config config = micro_config(8, 2);
  config.batch_norm.statistics = Config::BatchNorm::Statistics::synchronized;
  // Micro-batches of both ranks: images 0, 1, 4 and 5, then 2, 3, 6 and 7.
  const std::vector<Gradient> of_rank = gradients_of_two_ranks(config);

  Config four = config;
  four.training.batch = 4;
  four.training.micro_batch = 0;
  Trainer trainer = roomy_trainer(four);
  Tensor images = trainer.network().make_images();
  std::vector<std::int32_t> labels(4);
  const std::span<std::int32_t> all(labels);
  const std::span<float> values = images.values();
  for (const std::int64_t first : {0, 2}) {
    trainer.data().fill_training(first, first, values.first(values.size() / 2), all.first(2));
    trainer.data().fill_training(first + 4, first, values.last(values.size() / 2), all.last(2));
    trainer.network().compute_gradient(images, labels);
    trainer.network().commit_statistics(decay);
  }
  const std::vector<RunningAverage> expected = export_running(trainer.network());
  // Only the first normalisation's statistics are compared: the input of later ones depends on others,
  // rounding included.
  check_same(of_rank[0].running.front().mean, expected.front().mean);
  check_same(of_rank[0].running.front().variance, expected.front().variance);
}

TEST_CASE("with exact coupling micro-batches train alike with all ways to keep activations, bit for bit") {
  const auto trained = [](Settings::Activations activations) {
    Config config = micro_config(4, 2);
    config.network.coupling = Settings::Coupling::exact;
    config.network.activations = activations;
    Trainer trainer = small_trainer(config);
    for (int step = 0; step < 2; ++step) trainer.step();
    return trainer.checkpoint();
  };
  const Checkpoint stored = trained(Settings::Activations::stored);
  CHECK(same_state(trained(Settings::Activations::reconstructed), stored));
  CHECK(same_state(trained(Settings::Activations::checkpointed), stored));
  CHECK(same_state(trained(Settings::Activations::recursive), stored));
}

TEST_CASE("micro-batches resume bit for bit, and recalibrate with the statistics of each") {
  Config config = micro_config(4, 2);
  config.batch_norm.evaluation = Config::BatchNorm::Evaluation::recalibrated;
  config.batch_norm.recalibration_batches = 2;
  Trainer whole = small_trainer(config);
  whole.step();
  Trainer later = small_trainer(config);
  later.restore(whole.checkpoint(), "here");
  CHECK(later.evaluate().value().cross_entropy == whole.evaluate().value().cross_entropy);
  whole.step();
  later.step();
  CHECK(same_state(later.checkpoint(), whole.checkpoint()));
  // Two batches of two micro-batches are four batches.
  config.training.batch = 2;
  config.training.micro_batch = 0;
  config.batch_norm.recalibration_batches = 4;
  Trainer small = small_trainer(config);
  Checkpoint state = whole.checkpoint();
  state.iteration *= 2;
  small.restore(state, "here");
  CHECK(small.evaluate().value().cross_entropy == whole.evaluate().value().cross_entropy);
}

TEST_CASE("a batch of micro-batches needs the memory of one, and a second buffer for gradients") {
  const Config parts = micro_config(256, 64), part = micro_config(64, 0);
  for (const ActivationMode mode : activation_modes) {
    CAPTURE(name(mode));
    const auto plan = [&](const Config& config) {
      NetworkOptions options = network_options(config);
      options.activations = mode;
      return plan_memory(architecture(config), options, 1);
    };
    const MemoryPlan of_parts = plan(parts), of_part = plan(part);
    const std::size_t gradients = of_part.peak(MemoryPurpose::gradients);
    for (std::size_t i = 0; i < memory_purposes; ++i) {
      const bool doubled = static_cast<MemoryPurpose>(i) == MemoryPurpose::gradients;
      CHECK(of_parts.peak_by_purpose[i] == (doubled ? 2 : 1) * of_part.peak_by_purpose[i]);
    }
    CHECK(of_parts.peak_bytes == of_part.peak_bytes + gradients);
  }
}

TEST_CASE("micro-batches run in exactly the planned arena") {
  const Config config = micro_config(4, 2);
  const MemoryPlan plan = plan_memory(config);
  Trainer trainer = small_trainer(config);
  for (int step = 0; step < 2; ++step) trainer.step();
  trainer.evaluate();
  CHECK(trainer.device().arena().extent() == plan.arena_bytes);
  CHECK(trainer.device().ledger().peak() == plan.peak_bytes);
}

// Synthetic images, of which those from some position on prove damaged.
class DamagedSource final : public BatchSource {
 public:
  DamagedSource(std::unique_ptr<BatchSource> intact, std::int64_t end)
      : intact_(std::move(intact)), end_(end) {}
  std::size_t evaluation_size() const override { return intact_->evaluation_size(); }
  void fill_training(std::int64_t first, std::int64_t next, std::span<float> images,
                     std::span<std::int32_t> labels) override {
    if (first >= end_) throw DamagedImage("damaged");
    intact_->fill_training(first, next, images, labels);
  }
  std::size_t fill_evaluation(std::size_t first, std::size_t end, std::span<float> images,
                              std::span<std::int32_t> labels) override {
    return intact_->fill_evaluation(first, end, images, labels);
  }
  bool may_be_damaged() const override { return true; }

 private:
  std::unique_ptr<BatchSource> intact_;
  std::int64_t end_;
};

TEST_CASE("an image that is damaged in a later micro-batch leaves the state as it was before the step") {
  const Config config = micro_config(4, 2);
  Trainer trainer = trainer_of(config, std::make_unique<DamagedSource>(small_data(config), 6));
  trainer.step();
  const Checkpoint before = trainer.checkpoint();
  CHECK_THROWS_AS(trainer.step(), Error);
  CHECK(same_state(trainer.checkpoint(), before));
}

TEST_CASE("a batch that micro-batches do not divide is refused, with one that does") {
  CHECK(message_of<UsageError>([] { micro_config(100, 64); }) ==
        "training.micro_batch: a batch of 100 has no equal parts of 64; use --micro-batch 50");
  CHECK_NOTHROW(micro_config(100, 100));
  MeetingPlace place(4);
  ThreadCommunicator communicator(place, 0);
  const auto refusal = [&](std::int64_t batch, std::int64_t micro_batch) {
    const Config config = micro_config(batch, micro_batch);
    return message_of<UsageError>([&] { network_options(config, communicator); });
  };
  CHECK(
      refusal(256, 128) ==
      "training.micro_batch: what each of 4 ranks computes of a batch of 256 has no equal parts of 128; use "
      "--micro-batch 64");
  CHECK(contains(refusal(10, 5), "use a --batch that 20 divides"));
  CHECK(network_options(micro_config(256, 64), communicator).micro_batches == 1);
}

}  // namespace
}  // namespace revnet
