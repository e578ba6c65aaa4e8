// The output of --help-settings.
#pragma once

#include <string>

namespace revnet {

// Returns every setting with its default, its purpose and its allowed values, by section.
std::string settings_help();

}  // namespace revnet
