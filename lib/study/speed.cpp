#include "study/speed.h"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "base/random.h"
#include "base/stopwatch.h"
#include "data/synthetic.h"
#include "system/memory_limit.h"
#include "train/load_data.h"
#include "train/memory_check.h"
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

// Random pixels, drawn once for one batch, in the place of photographs, which worker threads decode while the
// network computes.
class RandomPixels final : public BatchSource {
 public:
  explicit RandomPixels(const Config& config) : classes_(static_cast<std::size_t>(config.dataset.classes)) {
    const auto side = static_cast<std::size_t>(config.dataset.image_size);
    pixels_.resize(static_cast<std::size_t>(config.training.batch) * 3 * side * side);
    RandomStream random(config.training.seed, Purpose::synthetic_image, 0, 0);
    for (float& pixel : pixels_) pixel = 2 * static_cast<float>(random.uniform()) - 1;
  }

  std::size_t evaluation_size() const override { return test_images; }
  void fill_training(std::int64_t /*first*/, std::int64_t /*next*/, std::span<float> images,
                     std::span<std::int32_t> labels) override {
    std::ranges::copy(std::span(pixels_).first(images.size()), images.begin());
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % classes_);
  }
  std::size_t fill_evaluation(std::size_t /*first*/, std::size_t /*end*/, std::span<float> /*images*/,
                              std::span<std::int32_t> /*labels*/) override {
    throw std::logic_error("RandomPixels: there is nothing to evaluate");
  }

 private:
  std::size_t classes_;
  std::vector<float> pixels_;
};

std::unique_ptr<BatchSource> source_of(const Config& config) {
  if (has_photographs(config)) return std::make_unique<RandomPixels>(config);
  const std::size_t images = std::max(fewest_images, static_cast<std::size_t>(config.training.batch));
  return load_data(config, make_synthetic(config.training.seed, images, test_images));
}

// What the floor takes beside the training.
std::uint64_t bytes_of_floor(const Config& config) {
  Device device = Device::planning(config.training.threads);
  const Network network(device, architecture(config), network_options(config));
  return Floor::planned_bytes(network, config.training.threads);
}

// Fills in all but what the machine can do.
SpeedResult measure_steps(const Config& config, const SpeedOptions& options,
                          const std::function<bool()>& stop) {
  const MemoryPlan plan = plan_memory(config);
  check_memory(config, plan, {}, tightest_memory_limit(memory_limits()), {}, bytes_of_floor(config));
  Trainer trainer(config, source_of(config), plan.arena_bytes);
  Floor floor(trainer.network(), config.training.threads);
  SpeedResult result;
  result.of = config;
  for (int step = 0; step < warm_up_steps; ++step) trainer.step();
  floor.measure();
  for (std::int64_t step = 0; step < options.steps && !stop(); ++step) {
    const Stopwatch stopwatch;
    trainer.step();
    result.step_seconds.push_back(stopwatch.seconds());
    floor.measure();
  }
  floor.measure_out_of_cache();
  for (int time = 1; time < out_of_cache_measurements && !stop(); ++time) floor.measure_out_of_cache();
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

}  // namespace

SpeedResult measure_speed(const Config& config, const SpeedOptions& options,
                          const std::function<bool()>& stop) {
  const int threads = config.training.threads;
  const double sgemm = measure_sgemm_gflops(threads);
  const Peak before = measure_peak(threads);
  SpeedResult result = measure_steps(config, options, stop);
  result.sgemm_gflops = std::max(sgemm, measure_sgemm_gflops(threads));
  const Peak after = measure_peak(threads);
  result.peak = {std::max(before.multiply_adds, after.multiply_adds), std::max(before.bytes, after.bytes)};
  return result;
}

}  // namespace revnet
