#pragma once

#include <string>

namespace revnet {

// The version of revnet: "0.1.0".
std::string version();

}  // namespace revnet
