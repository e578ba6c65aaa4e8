#include "train/memory_check.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "train/support.h"

namespace revnet {
namespace {

std::uint64_t needed_by(const Config& config) {
  const MemoryPlan plan = plan_memory(config);
  return plan.arena_bytes + bytes_beside_arena(config, plan);
}

TEST_CASE("the refusal of a plan that does not fit names the largest batch that does") {
  const Config config = small_config();
  Config smaller = config;
  smaller.training.batch = 3;
  const MemoryPlan plan = plan_memory(config);
  CHECK_NOTHROW(check_memory(config, plan, {}, {needed_by(config), "the limit"}));
  const std::string message = message_of<Error>([&] {
    check_memory(config, plan, {}, {needed_by(smaller), "the limit"});
  });
  CHECK(contains(message, "the limit leaves"));
  CHECK(contains(message, "use --batch 3,"));
  CHECK(contains(message_of<Error>([&] {
                   check_memory(config, plan, {}, {1000, "the limit"});
                 }),
                 "not even a batch of 1 fits"));
}

TEST_CASE(
    "a plan of micro-batches that does not fit is refused with the largest that does and divides the batch") {
  Config config = small_config(), smaller = config;
  config.training.micro_batch = 4;
  smaller.training.micro_batch = 2;
  CHECK_NOTHROW(check_memory(config, plan_memory(config), {}, {needed_by(config), "the limit"}));
  const std::string message = message_of<Error>([&] {
    check_memory(config, plan_memory(config), {}, {needed_by(config) - 1, "the limit"});
  });
  CHECK(contains(message, "the largest micro-batch that fits is 2: use --micro-batch 2,"));
  CHECK(needed_by(smaller) < needed_by(config));
}

TEST_CASE("measuring the gradient angle, and what a caller holds besides, need memory, too") {
  Config config = small_config();
  config.network.architecture = "revnet38";
  config.network.activations = Config::Network::Activations::reconstructed;
  const std::vector<ActivationMode> modes{ActivationMode::stored, ActivationMode::reconstructed};
  const MemoryPlan plan = plan_memory(config, modes);
  const std::uint64_t training = plan.arena_bytes + bytes_beside_arena(config, plan);
  const std::uint64_t gradients = 3 * sizeof(float) * static_cast<std::uint64_t>(plan.parameters);
  CHECK_NOTHROW(check_memory(config, plan, {}, {training, "the limit"}));
  CHECK_THROWS_AS(check_memory(config, plan, modes, {training + gradients, "the limit"}), Error);
  CHECK_NOTHROW(check_memory(config, plan, modes, {2 * training + gradients, "the limit"}));
  CHECK_NOTHROW(check_memory(config, plan, {}, {training + 1000, "the limit"}, {}, 1000));
  CHECK_THROWS_AS(check_memory(config, plan, {}, {training + 999, "the limit"}, {}, 1000), Error);
}

TEST_CASE("a run needs memory for averaged weights and for photographs that are decoded ahead, too") {
  Config config = small_config();
  const MemoryPlan plan = plan_memory(config);
  const std::uint64_t plain = bytes_of_checkpoint(config, plan);
  config.training.average_decay = 0.9;
  CHECK(bytes_of_checkpoint(config, plan) ==
        plain + 3 * sizeof(float) * static_cast<std::uint64_t>(plan.parameters));
  config = small_config();
  config.dataset.name = Config::Dataset::Name::images;
  config.dataset.image_size = 32;
  config.dataset.classes = 10;
  config.dataset.workers = 2;
  const std::uint64_t needed = needed_by(config) + loader_bytes(config, config.training.batch);
  CHECK_NOTHROW(check_memory(config, plan_memory(config), {}, {needed, "the limit"}));
  CHECK_THROWS_AS(check_memory(config, plan_memory(config), {}, {needed - 1, "the limit"}), Error);
}

TEST_CASE("ranks of one host share a limit, and the suggested batch is that of all ranks") {
  Config config = small_config();
  Config shard = config;
  shard.training.batch = 2;
  const std::uint64_t needed =
      needed_by(shard) + sizeof(float) * static_cast<std::uint64_t>(plan_memory(shard).parameters);
  CHECK_NOTHROW(check_memory(config, plan_memory(shard), {}, {2 * needed, "the limit"}, {4, 2}));
  const std::string message = message_of<Error>([&] {
    check_memory(config, plan_memory(small_config()), {}, {2 * needed, "the limit"}, {4, 2});
  });
  CHECK(contains(message, "for each of the 2 ranks here"));
  CHECK(contains(message, "use --batch 8,"));
  // A limit of the process holds for each of them alone.
  CHECK_NOTHROW(check_memory(config, plan_memory(shard), {}, {needed, "ulimit -v", true}, {4, 2}));
}

}  // namespace
}  // namespace revnet
