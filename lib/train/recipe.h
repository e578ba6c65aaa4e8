// What a recipe's settings come to for one data set.
#pragma once

#include "record/config.h"

namespace revnet {

// The part of resolve() (setup.h) that is about the recipe: epochs become iterations. UsageError for settings
// that do not fit together.
Config::Training resolve_recipe(const Config& config);

// The largest number up to `most` that divides `number`; `most` is 1 or more.
std::int64_t largest_divisor(std::int64_t number, std::int64_t most);

// UsageError where the batch cannot be divided into micro-batches on so many ranks.
void check_micro_batch(const Config::Training& training, int ranks);

}  // namespace revnet
