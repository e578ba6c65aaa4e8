// A plan is exact: a device with an arena of the planned size runs every step.
#include "train/memory_plan.h"

#include <doctest/doctest.h>
#include <omp.h>

#include "train/support.h"

namespace revnet {
namespace {

NetworkOptions options_of(const Architecture& architecture, ActivationMode mode) {
  NetworkOptions options;
  options.classes = architecture.bottleneck ? 100 : 10;
  options.batch = 2;
  options.image_size = 16;
  options.activations = mode;
  return options;
}

// Runs three steps and evaluations in an arena of the planned size.
void run_in_plan(const Architecture& architecture, const NetworkOptions& options, int threads) {
  CAPTURE(architecture.name);
  CAPTURE(name(options.activations));
  const MemoryPlan plan = plan_memory(architecture, options, threads);
  Device device(threads, plan.arena_bytes, true);
  Network network(device, architecture, options);
  network.initialize(1);
  Tensor images = network.make_images();
  set_zero(images);
  images.values()[5] = 1.0f;
  const std::vector<std::int32_t> labels{1, 2};
  for (int step = 0; step < 3; ++step) {
    network.compute_gradient(images, labels);
    network.logits(images, Pass::inference);
  }
  CHECK(device.arena().extent() == plan.arena_bytes);
  CHECK(device.ledger().peak() == plan.peak_bytes);
  for (std::size_t i = 0; i < memory_purposes; ++i) {
    CHECK(device.ledger().peak(static_cast<MemoryPurpose>(i)) == plan.peak_by_purpose[i]);
  }
  CHECK(network.parameter_count() == plan.parameters);
  CHECK(network.macs_per_image() == plan.macs_per_image);
}

void run_in_plan(const Architecture& architecture, ActivationMode mode, int threads) {
  run_in_plan(architecture, options_of(architecture, mode), threads);
}

TEST_CASE("every network runs in exactly the planned arena") {
  const auto check = [](const Architecture& architecture) {
    run_in_plan(architecture, ActivationMode::stored, 1);
    if (architecture.reversible) run_in_plan(architecture, ActivationMode::reconstructed, 1);
  };
  for (const Architecture& architecture : architectures()) {
    if (architecture.image_size == 32) check(architecture);
  }
  // This network has the stem and the kind of units that the CIFAR networks lack.
  check({.name = "pooled",
         .reversible = true,
         .bottleneck = true,
         .stem = {.kernel = 7, .stride = 2, .width = 32, .pools = true},
         .stages = {{2, 32, 1}, {2, 40, 2}}});
}

TEST_CASE("either engine runs in exactly the planned arena, however it keeps activations") {
  const std::vector<Architecture::Stage> stages{{3, 16, 1}, {2, 32, 2}};
  const Architecture networks[] = {
      {.name = "ordinary", .stem = {.width = 16}, .stages = stages},
      {.name = "reversible", .reversible = true, .stem = {.width = 16}, .stages = stages},
      {.name = "bottleneck",
       .reversible = true,
       .bottleneck = true,
       .stem = {.width = 16},
       .stages = stages}};
  for (const Architecture& network : networks) {
    for (const ActivationMode mode : activation_modes) {
      if (!can_keep(network, mode)) continue;
      for (const Engine engine : {Engine::onednn, Engine::fused}) {
        NetworkOptions options = options_of(network, mode);
        options.engine = engine;
        run_in_plan(network, options, 1);
        options.grid = Grid{13};
        run_in_plan(network, options, 1);
      }
    }
  }
}

TEST_CASE("two threads run in exactly the planned arena") {
  run_in_plan(find_architecture("resnet32"), ActivationMode::stored, 2);
  run_in_plan(find_architecture("revnet38"), ActivationMode::reconstructed, 2);
}

// Scratchpads grow with the number of threads, and planning comes before a device sets OpenMP's number.
TEST_CASE("a plan is for the given threads, not for OpenMP's") {
  const Architecture& architecture = find_architecture("revnet38");
  const NetworkOptions options = options_of(architecture, ActivationMode::reconstructed);
  omp_set_num_threads(1);
  const MemoryPlan two = plan_memory(architecture, options, 2);
  omp_set_num_threads(2);
  const MemoryPlan one = plan_memory(architecture, options, 1);
  CHECK(two.peak(MemoryPurpose::scratch) > one.peak(MemoryPurpose::scratch));
  omp_set_num_threads(1);
  CHECK(plan_memory(architecture, options, 2).arena_bytes == two.arena_bytes);
}

TEST_CASE("the largest batch that fits is found") {
  for (const std::int64_t largest : {1, 2, 3, 100, 1000}) {
    const auto bytes = [&](std::int64_t batch) { return static_cast<std::uint64_t>(10 + 7 * batch); };
    CHECK(largest_fitting(static_cast<std::uint64_t>(10 + 7 * largest), bytes) == largest);
    CHECK(largest_fitting(static_cast<std::uint64_t>(10 + 7 * largest + 6), bytes) == largest);
  }
  // The bytes do not grow equally with every image, but in steps and faster and faster.
  CHECK(largest_fitting(
            1000, [](std::int64_t batch) { return static_cast<std::uint64_t>(100 * (batch / 7)); }) == 76);
  CHECK(largest_fitting(
            1'000'000, [](std::int64_t batch) { return static_cast<std::uint64_t>(batch * batch); }) == 1000);
  CHECK(largest_fitting(5, [](std::int64_t) { return std::uint64_t{10}; }) == 0);
}

}  // namespace
}  // namespace revnet
