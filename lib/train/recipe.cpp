#include "train/recipe.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "train/load_data.h"

namespace revnet {

Config::Training resolve_recipe(const Config& config) {
  Config::Training training = config.training;
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
