// What a recipe's settings come to for one data set.
#pragma once

#include "record/config.h"

namespace revnet {

// The part of resolve() (setup.h) that is about the recipe: epochs become iterations. UsageError for settings
// that do not fit together.
Config::Training resolve_recipe(const Config& config);

}  // namespace revnet
