// What --help-settings prints.
#pragma once

#include <string>

namespace revnet {

// Every setting with its default, what it is for and what it may be, by section.
std::string settings_help();

}  // namespace revnet
