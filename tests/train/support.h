// Helpers for the tests of lib/train: a small trainer.
#pragma once

#include "data/synthetic.h"
#include "files.h"
#include "net/network.h"
#include "settings/config.h"
#include "train/load_data.h"
#include "train/memory_plan.h"
#include "train/setup.h"
#include "train/trainer.h"

namespace revnet {

using testing::contains;
using testing::message_of;
using testing::TemporaryDirectory;

// Synthetic images, batches of 8, one thread.
inline Config small_config(const char* architecture = "revnet38") {
  Config config;
  config.network.architecture = architecture;
  config.dataset.name = Config::Dataset::Name::synthetic;
  config.training.iterations = 4;
  config.training.batch = 8;
  config.training.threads = 1;
  return resolve(config);
}

using Data = std::unique_ptr<BatchSource>;

inline Data small_data(const Config& config) {
  return load_data(config, make_synthetic(config.training.seed, 200, 50));
}

// Images that neither batches nor ranks divide evenly, the same for every seed of the training.
inline Data uneven_data(const Config& config) {
  return load_data(config, make_synthetic(1, 60, 23));
}

// Trains in a single process, in the planned arena and `room` more bytes.
inline Trainer trainer_of(const Config& config, Data data, std::size_t room = 0) {
  const MemoryPlan plan = plan_memory(config);
  return Trainer(config, std::move(data), plan.arena_bytes + room);
}

inline Trainer small_trainer(const Config& config) {
  return trainer_of(config, small_data(config));
}

// Compares bit for bit, except for NaN.
inline bool same_state(const Checkpoint& a, const Checkpoint& b) {
  return a.iteration == b.iteration && a.parameters == b.parameters && a.momentum == b.momentum &&
         a.average == b.average && a.running == b.running;
}

}  // namespace revnet
