#pragma once

#include <string>

namespace revnet {

// Of revnet: "0.1.0".
std::string version();

}  // namespace revnet
