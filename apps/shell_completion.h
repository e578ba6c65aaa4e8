// Completion scripts for shells. Neither asks the command anything while somebody types.
#pragma once

#include <string>

#include "command_description.h"

namespace revnet {

// For bash 4 or later, without the helpers of the bash-completion package.
std::string bash_completion(const CommandDescription& command);

// For a file _NAME in a folder of zsh's $fpath.
std::string zsh_completion(const CommandDescription& command);

}  // namespace revnet
