#include "train/memory_check.h"

#include "base/error.h"
#include "base/text.h"
#include "train/setup.h"

namespace revnet {

std::uint64_t bytes_beside_arena(const MemoryPlan& plan, int threads) {
  constexpr std::uint64_t megabyte = 1'000'000;
  // Values and momentum are copied out, laid out as a file, and copied once more to be written.
  const std::uint64_t checkpoint = 3 * 2 * sizeof(float) * static_cast<std::uint64_t>(plan.parameters);
  return 32 * megabyte + 8 * megabyte * static_cast<std::uint64_t>(threads) + checkpoint;
}

void check_memory(const Config& config, const MemoryPlan& plan, const std::vector<ActivationMode>& also,
                  const MemoryLimit& limit) {
  const int threads = config.training.threads;
  const auto needed = [&](const MemoryPlan& what) {
    return what.arena_bytes + bytes_beside_arena(what, threads);
  };
  if (needed(plan) <= limit.left) return;
  NetworkOptions options = network_options(config);
  const std::int64_t batch = largest_batch(limit.left, [&](std::int64_t images) {
    options.batch = images;
    return needed(plan_memory(find_architecture(config.network.architecture), options, threads, also));
  });
  const std::string remedy = batch > 0 ? "the largest batch that fits is " + std::to_string(batch) +
                                             ": use --batch " + std::to_string(batch) + ", or raise the limit"
                                       : "not even a batch of 1 fits: raise the limit";
  throw Error("this run needs " + format_bytes(needed(plan)) + " of memory, and " + limit.name + " leaves " +
              format_bytes(limit.left) + "; " + remedy);
}

}  // namespace revnet
