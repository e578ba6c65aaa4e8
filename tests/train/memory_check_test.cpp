#include "train/memory_check.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "train/support.h"

namespace revnet {
namespace {

MemoryPlan plan_of(const Config& config) {
  return plan_memory(find_architecture(config.network.architecture), network_options(config),
                     config.training.threads);
}

std::uint64_t needed_by(const Config& config) {
  const MemoryPlan plan = plan_of(config);
  return plan.arena_bytes + bytes_beside_arena(plan, config.training.threads);
}

TEST_CASE("a plan that does not fit is refused with the largest batch that does") {
  const Config config = small_config();
  Config smaller = config;
  smaller.training.batch = 3;
  const MemoryPlan plan = plan_of(config);
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

}  // namespace
}  // namespace revnet
