// What the build makes of a command line, read from the CLI::App that also parses it.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace revnet {

// "bash" and "zsh": completions, which ask the command nothing while somebody types. "help2man": what that
// program makes a manual page of.
const std::vector<std::string>& description_formats();

// UsageError for another format.
std::string described(CLI::App& app, const std::string& format);

}  // namespace revnet
