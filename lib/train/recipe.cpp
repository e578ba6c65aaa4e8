#include "train/recipe.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "train/load_data.h"

namespace revnet {

std::int64_t largest_divisor(std::int64_t number, std::int64_t most) {
  std::int64_t divisor = std::min(number, most);
  while (number % divisor != 0) --divisor;
  return divisor;
}

void check_shards(const Config::Training& training, int ranks) {
  if (training.batch < ranks) {
    throw UsageError("training.batch: {} images are too few for {} ranks; each needs at least one",
                     training.batch, ranks);
  }
  if (training.micro_batch == 0) return;
  const std::int64_t shard = training.batch / ranks;
  if (training.batch % ranks == 0 && shard % training.micro_batch == 0) return;
  const std::string which =
      ranks == 1 ? fmt::format("a batch of {}", training.batch)
                 : fmt::format("what each of {} ranks computes of a batch of {}", ranks, training.batch);
  throw UsageError("training.micro_batch: {} has no equal parts of {}; {}", which, training.micro_batch,
                   training.batch % ranks == 0
                       ? fmt::format("use --micro-batch {}", largest_divisor(shard, training.micro_batch))
                       : fmt::format("use a --batch that {} divides", training.micro_batch * ranks));
}

Config::Training resolve_recipe(const Config& config) {
  Config::Training training = config.training;
  check_shards(training, 1);
  if (training.epochs > 0) {
    const double images = training.epochs * static_cast<double>(training_images(config));
    training.iterations =
        std::max<std::int64_t>(1, std::llround(images / static_cast<double>(training.batch)));
    training.epochs = 0;
  }
  if (training.warmup_iterations > 0 && training.warmup_iterations >= training.iterations) {
    throw UsageError(
        "training.warmup_iterations: a warm-up of {} iterations is not shorter than the training of {}; use "
        "fewer",
        training.warmup_iterations, training.iterations);
  }
  if (training.nesterov && training.momentum == 0) {
    throw UsageError("training.nesterov: Nesterov's method needs momentum; set training.momentum above 0");
  }
  return training;
}

}  // namespace revnet
