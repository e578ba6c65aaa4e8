#include "train/recipe.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "train/load_data.h"

namespace revnet {
namespace {

// A setting that acts only under a condition on others.
struct Conditional {
  const char* key;
  const char* condition;
  bool (*holds)(const Config& config);
};

bool has_steps(const Config& config) {
  return config.training.schedule == Config::Training::Schedule::steps;
}
bool augments(const Config& config) {
  return config.augmentation.enabled;
}

constexpr std::array conditionals{
    Conditional{"network.grid_bits", "network.coupling is exact",
                [](const Config& c) { return c.network.coupling == Config::Network::Coupling::exact; }},
    Conditional{"training.decay_at", "training.schedule is steps", has_steps},
    Conditional{"training.decay_factor", "training.schedule is steps", has_steps},
    Conditional{"batch_norm.recalibration_batches",
                "batch_norm.evaluation is recalibrated or an average of the weights is kept",
                [](const Config& c) {
                  return c.batch_norm.evaluation == Config::BatchNorm::Evaluation::recalibrated ||
                         c.training.average_decay > 0;
                }},
    Conditional{"augmentation.padding", "augmentation.enabled is true", augments},
    Conditional{"augmentation.flip", "augmentation.enabled is true", augments},
    Conditional{"augmentation.colour", "augmentation.enabled is true", augments},
    Conditional{"evaluation.images", "evaluation.every is not 0",
                [](const Config& c) { return c.evaluation.every > 0; }}};

}  // namespace

std::vector<std::string> doubtful_settings(const Config& config) {
  std::vector<std::string> lines;
  for (const Conditional& one : conditionals) {
    const std::string value = value_of(config, one.key);
    if (one.holds(config) || value == value_of(Config{}, one.key)) continue;
    lines.push_back(fmt::format("{} is {}, but acts only if {}", one.key, value, one.condition));
  }
  constexpr std::int64_t fast_kernel = 14;  // oneDNN has only reference code beyond
  if (config.network.stem_kernel > fast_kernel) {
    lines.push_back(
        fmt::format("network.stem_kernel is {}, and above {} oneDNN takes more than ten times as long",
                    config.network.stem_kernel, fast_kernel));
  }
  const Config::Training usual;
  if (config.dataset.name == Config::Dataset::Name::imagenet && config.training.batch == usual.batch &&
      config.training.weight_decay == usual.weight_decay) {
    lines.emplace_back(
        "the recipe is that of CIFAR: batches of 100, weight decay 2e-4, 80,000 iterations unless given; "
        "--config experiments/imagenet.yaml has the reference's for ImageNet");
  }
  return lines;
}

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
