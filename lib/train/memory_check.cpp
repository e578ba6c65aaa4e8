#include "train/memory_check.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "ranks/communicator.h"
#include "train/load_data.h"
#include "train/recipe.h"
#include "train/setup.h"

namespace revnet {

namespace {

constexpr std::uint64_t megabyte = 1'000'000;

// An estimate of what code and libraries take.
constexpr std::uint64_t bytes_of_program = 100 * megabyte;

std::uint64_t bytes_of_threads(int threads) {
  return 32 * megabyte + 8 * megabyte * static_cast<std::uint64_t>(threads);
}

// What measuring gradients in further modes takes outside the arena: three gradients; the
// input of each stage's first reversible unit, twice, which all that reconstruction saves exceeds; and what
// ReLUs let pass, a bit of each value or, with oneDNN, a byte.
std::uint64_t bytes_of_measuring(const Config& config, const MemoryPlan& plan,
                                 const MemoryPlan& reconstructed) {
  const std::uint64_t values = plan.peak(MemoryPurpose::saved_activations) / sizeof(float);
  const bool bytes = config.network.engine == Config::Network::Engine::onednn;
  return 3 * sizeof(float) * static_cast<std::uint64_t>(plan.parameters) +
         2 * reconstructed.peak(MemoryPurpose::saved_activations) + (bytes ? values : values / 8);
}

}  // namespace

std::uint64_t bytes_of_process(int threads) {
  return bytes_of_program + bytes_of_threads(threads);
}

std::uint64_t bytes_of_checkpoint(const Config& config, const MemoryPlan& plan) {
  const std::uint64_t floats = sizeof(float) * static_cast<std::uint64_t>(plan.parameters);
  // Values and momentum exist three times: copied out, laid out as a file, and copied once more for writing.
  // So do averages.
  const std::uint64_t copied = config.training.average_decay > 0 ? 3 : 2;
  return 3 * copied * floats;
}

std::uint64_t bytes_beside_arena(const Config& config, const MemoryPlan& plan, std::int64_t ranks) {
  const std::uint64_t buckets = ranks > 1 ? sizeof(float) * static_cast<std::uint64_t>(plan.parameters) : 0;
  return bytes_of_threads(config.training.threads) + bytes_of_checkpoint(config, plan) + buckets;
}

std::uint64_t bytes_of_training(const Config& config, const MemoryPlan& plan, std::int64_t ranks) {
  return bytes_of_program + plan.arena_bytes + bytes_beside_arena(config, plan, ranks) +
         dataset_bytes(config, images_at_a_time(config, config.training.batch));
}

void check_memory(const Config& config, const MemoryPlan& plan, const std::vector<ActivationMode>& also,
                  const MemoryLimit& limit, Ranks ranks, std::uint64_t beside) {
  const int threads = config.training.threads;
  const std::uint64_t left = limit.share(ranks.here);
  NetworkOptions options = network_options(config);
  const auto needed = [&](const MemoryPlan& what, std::int64_t images) {
    const std::uint64_t training = what.arena_bytes + bytes_beside_arena(config, what, ranks.all) +
                                   loader_bytes(config, images) + beside;
    if (also.empty()) return training;
    NetworkOptions reconstructed = options;
    reconstructed.batch = images;
    reconstructed.activations = ActivationMode::reconstructed;
    return training +
           bytes_of_measuring(config, what, plan_memory(architecture(config), reconstructed, threads));
  };
  const std::int64_t given = largest_shard(config.training.batch, ranks.all);
  const bool in_parts = config.training.micro_batch > 0;
  const std::int64_t share = images_at_a_time(config, given);
  if (needed(plan, share) <= left) return;
  const std::int64_t most = largest_fitting(left, [&](std::int64_t images) {
    options.batch = images;
    options.micro_batches = in_parts ? (given + images - 1) / images : 1;
    return needed(plan_memory(architecture(config), options, threads, also), images);
  });
  const char* const part = in_parts ? "micro-batch" : "batch";
  const std::string remedy =
      most > 0 ? fmt::format("the largest {0} that fits is {1}: use --{0} {1}, or raise the limit", part,
                             in_parts ? largest_divisor(given, most) : ranks.all * most)
               : fmt::format("not even a {} of {} fits: use fewer --threads, or raise the limit", part,
                             in_parts ? 1 : ranks.all);
  const std::string sharing =
      ranks.here > 1 && !limit.of_process ? fmt::format(" for each of the {} ranks here", ranks.here) : "";
  throw Error("this run needs {} of memory, and {} leaves {}{}; {}", format_bytes(needed(plan, share)),
              limit.name, format_bytes(left), sharing, remedy);
}

}  // namespace revnet
