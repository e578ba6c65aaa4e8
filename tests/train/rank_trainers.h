// Helpers for tests of gradients: trainers on threads as ranks, their gradients, and how far two are apart.
#pragma once

#include <doctest/doctest.h>

#include "difference.h"
#include "ranks/thread_communicator.h"
#include "train/network_state.h"
#include "train/support.h"

namespace revnet {

// Settings of a small training on ranks of one thread each.
inline Config shared_config(Config::Network::Engine engine, Config::BatchNorm::Statistics statistics,
                            std::int64_t batch) {
  Config config;
  config.dataset.name = Config::Dataset::Name::synthetic;
  config.network.engine = engine;
  config.batch_norm.statistics = statistics;
  config.training.batch = batch;
  config.training.threads = 1;
  config.training.seed = 5;
  return resolve(config);
}

// Calls body(trainer) on every rank. data(rank) makes its images; by default there are 60 for training and 23
// for evaluation, which ranks cannot share evenly. `Ranks` is the communicator.
template <class Ranks = ThreadCommunicator>
void train_on_ranks(int ranks, const Config& config, const std::function<void(Trainer&)>& body,
                    const std::function<Data(int rank)>& data = {}) {
  testing::MeetingPlace place(ranks);
  testing::on_ranks(place, [&](int rank) {
    Ranks communicator(place, rank);
    const MemoryPlan plan =
        plan_memory(architecture(config), network_options(config, communicator), config.training.threads);
    Trainer trainer(config, data ? data(rank) : uneven_data(config), plan.arena_bytes, communicator);
    body(trainer);
  });
}

struct Gradient {
  Loss loss;
  std::vector<NamedArray> arrays;
  std::vector<RunningAverage> running;
};

// Computes the gradient of the next batch. Its statistics move the running averages, of which `decay` is
// kept.
inline Gradient gradient_of(Trainer& trainer, double decay) {
  trainer.fetch_batch(0);
  Gradient gradient;
  gradient.loss = trainer.compute_gradient();
  gradient.arrays = export_gradients(trainer.network());
  trainer.network().commit_statistics(decay);
  gradient.running = export_running(trainer.network());
  return gradient;
}

// |values - reference| / |reference| over all arrays.
inline double distance(const std::vector<NamedArray>& values, const std::vector<NamedArray>& reference) {
  const auto joined = [](const std::vector<NamedArray>& arrays) {
    std::vector<float> all;
    for (const NamedArray& array : arrays) all.insert(all.end(), array.values.begin(), array.values.end());
    return all;
  };
  return testing::relative_distance(joined(values), joined(reference));
}

inline void check_same(const std::vector<float>& values, const std::vector<float>& reference) {
  REQUIRE(values.size() == reference.size());
  for (std::size_t c = 0; c < values.size(); ++c) {
    CHECK(values[c] == doctest::Approx(reference[c]).epsilon(1e-4).scale(1e-2));
  }
}

inline void check_same(const std::vector<RunningAverage>& values,
                       const std::vector<RunningAverage>& reference) {
  REQUIRE(values.size() == reference.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    CAPTURE(values[i].name);
    check_same(values[i].mean, reference[i].mean);
    check_same(values[i].variance, reference[i].variance);
  }
}

}  // namespace revnet
