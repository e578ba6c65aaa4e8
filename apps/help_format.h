// The layout of --help.
#pragma once

#include <cstddef>
#include <string>

#include <CLI/CLI.hpp>

namespace revnet {

// Breaks lines longer than `width` between words; each continuation begins with `indent` blanks. A word that
// is too long by itself stays whole.
std::string wrapped(const std::string& text, std::size_t width, std::size_t indent);

// Returns the width of --help on this file descriptor: on a terminal $COLUMNS (null if not set) or else the
// terminal's own width, but at most 100; elsewhere 100.
std::size_t help_columns(int file, const char* columns);

// Wraps the options and subcommands in --help of the command and all its subcommands.
void format_help(CLI::App& app, std::size_t columns);

}  // namespace revnet
