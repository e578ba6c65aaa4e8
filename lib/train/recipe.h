// Resolution of a recipe's settings for one data set.
#pragma once

#include "record/config.h"

namespace revnet {

// The recipe part of resolve() (setup.h): turns epochs into iterations. Throws UsageError for settings that
// contradict each other.
Config::Training resolve_recipe(const Config& config);

}  // namespace revnet
