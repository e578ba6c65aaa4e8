// Shell completions and manual pages, generated from the CLI::App that parses the command line.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace revnet {

// "bash" and "zsh" are completions, which do not run the command while the user types. "help2man" is input
// for the program of that name, which makes a manual page of it.
const std::vector<std::string>& description_formats();

// Throws UsageError for an unknown format.
std::string described(CLI::App& app, const std::string& format);

}  // namespace revnet
