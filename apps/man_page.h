// The manual page, in section 1.
#pragma once

#include <string>

#include "command_description.h"

namespace revnet {

// man(7) for man-db, groff and mandoc. Its date is that of the version, so a build is reproducible.
std::string man_page(const CommandDescription& command);

}  // namespace revnet
