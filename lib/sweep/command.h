// Running another program and taking what it prints.
#pragma once

#include <string>
#include <vector>

namespace revnet {

struct CommandResult {
  int exit_code = 0;  // -1: a signal ended it
  std::string out, err;
};

// Whether a program of that name is in $PATH.
bool has_program(const std::string& name);

// Runs words[0], looked for in $PATH, with the rest as its arguments, and waits for its end. Error when it
// cannot be started.
CommandResult run_command(const std::vector<std::string>& words);

// The same for a command that has to succeed: its output, or an Error with the last line of its complaint.
std::string output_of(const std::vector<std::string>& words);

}  // namespace revnet
