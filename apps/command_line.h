// How every command begins and ends: its command line, errors and exit codes.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include "base/error.h"

namespace revnet {

// Answers --describe bash, zsh or help2man, with which the build makes completions and man pages (exit code
// 0, or 2 for another format). Otherwise parses the command line. Returns the exit code, after a line on
// stderr, if it is invalid; 0 after --help and --version; and -1 if the command should run.
int parse(CLI::App& app, int argc, char** argv);

// Runs body(). Turns an exception into one line on stderr and the documented exit code.
int guarded(const std::string& program, const std::function<int()>& body);

// Returns body() of a command that trains nothing. A damaged image is a failure there like any other (exit
// code 1): exit code 5 promises a checkpoint.
template <class Body>
auto without_training(const Body& body) {
  try {
    return body();
  } catch (const Error& error) {
    if (error.exit_code() != ExitCode::damaged_image) throw;
    throw Error("{}", error.what());
  }
}

// Does the same as guarded() for all that a program does, from its first allocation on, and also if output to
// stdout is lost.
int guarded_program(const std::string& program, const std::function<int()>& body);

// Returns "draw it with: " and the command that draws this figure of figures.py from a file or run.
std::string how_to_draw(const std::string& figure, const std::filesystem::path& source);

// Returns the command line as one string, quoted for a shell.
std::string command_line(int argc, char** argv);

}  // namespace revnet
