#include "study/speed.h"

#include <algorithm>

#include "base/stopwatch.h"
#include "data/synthetic.h"
#include "train/load_data.h"
#include "train/memory_plan.h"
#include "train/setup.h"
#include "train/trainer.h"

namespace revnet {
namespace {

constexpr std::size_t fewest_images = 1000;
constexpr std::size_t test_images = 10;
constexpr int warm_up_steps = 2;
constexpr std::int64_t profiled_steps = 5;
constexpr int out_of_cache_measurements = 5;

Config config_of(const SpeedCase& what, const SpeedOptions& options) {
  Config config;
  config.dataset.name = Config::Dataset::Name::synthetic;
  config.network = what.network;
  config.network.convolution = options.convolution;
  config.training.batch = what.batch;
  config.training.threads = what.threads;
  return resolve(config);
}

}  // namespace

SpeedResult measure_speed(const SpeedCase& what, const SpeedOptions& options,
                          const std::function<bool()>& stop) {
  const Config config = config_of(what, options);
  const MemoryPlan plan = plan_memory(architecture(config), network_options(config), config.training.threads);
  const std::size_t images = std::max(fewest_images, static_cast<std::size_t>(what.batch));
  Trainer trainer(config, load_data(config, make_synthetic(config.training.seed, images, test_images)),
                  plan.arena_bytes);
  Floor floor(trainer.network(), what.threads);
  SpeedResult result;
  result.of = what;
  result.of.network = config.network;
  for (int step = 0; step < warm_up_steps; ++step) trainer.step();
  floor.measure();
  for (std::int64_t step = 0; step < options.steps && !stop(); ++step) {
    const Stopwatch stopwatch;
    trainer.step();
    result.step_seconds.push_back(stopwatch.seconds());
    floor.measure();
  }
  for (int time = 0; time < out_of_cache_measurements && !stop(); ++time) floor.measure_out_of_cache();
  trainer.device().set_profile(&result.profile);
  result.profiled_steps = options.profile ? profiled_steps : 1;
  for (std::int64_t step = 0; step < result.profiled_steps; ++step) trainer.step();
  trainer.device().set_profile(nullptr);
  result.floor_seconds = floor.seconds();
  result.floor_seconds_out_of_cache = floor.seconds_out_of_cache();
  result.floor = floor.primitives();
  result.flops = floor.flops();
  result.saved_bytes = trainer.device().ledger().peak(MemoryPurpose::saved_activations);
  result.peak_bytes = trainer.device().ledger().peak();
  return result;
}

}  // namespace revnet
