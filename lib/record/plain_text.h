// Text as people write it. Internal to lib/record.
#pragma once

#include <string_view>

namespace revnet {

// Without spaces, tabs and line breaks at both ends.
std::string_view trimmed(std::string_view text);

}  // namespace revnet
