#pragma once

#include <string>

namespace revnet {

// The version of revnet: "0.1.0".
std::string version();
// The commit that this was built from, "e8fae7d60b9c", with "-dirty" behind it when files were changed; empty
// where it was built without git.
std::string revision();

}  // namespace revnet
