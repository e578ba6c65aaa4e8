// The subcommands of revnet-compare. Each function declares a subcommand on `app`, which runs during the
// parse if it is chosen, and sets the exit code.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace revnet {

struct Invocation {
  std::string command;  // the command line, for the record
  int* exit_code;       // outlives the parse
};

void add_gradient_command(CLI::App& app, const Invocation& invocation);
void add_training_command(CLI::App& app, const Invocation& invocation);
void add_memory_command(CLI::App& app, const Invocation& invocation);
void add_speed_command(CLI::App& app, const Invocation& invocation);
void add_exchange_command(CLI::App& app, const Invocation& invocation);

}  // namespace revnet
