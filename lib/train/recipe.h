// Resolution of a recipe's settings for one data set.
#pragma once

#include <string>
#include <vector>

#include "settings/config.h"

namespace revnet {

// The recipe part of resolve() (setup.h): turns epochs into iterations. Throws UsageError for settings that
// contradict each other.
Config::Training resolve_recipe(const Config& config);

// Returns a line for each setting that has been changed although another one keeps it from acting, or that
// makes steps very slow, and one if ImageNet is trained by CIFAR's recipe.
std::vector<std::string> doubtful_settings(const Config& config);

// The largest number up to `most` that divides `number`; `most` is 1 or more.
std::int64_t largest_divisor(std::int64_t number, std::int64_t most);

// Throws UsageError if the batch cannot be divided among so many ranks, or their shards into micro-batches.
void check_shards(const Config::Training& training, int ranks);

}  // namespace revnet
