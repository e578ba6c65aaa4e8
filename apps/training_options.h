// The training options that revnet-train and its sisters share: declared once, applied in the documented
// order (defaults < experiment file < environment < command line).
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "record/config.h"

namespace revnet {

class TrainingOptions {
 public:
  // Declares the options; must outlive the parse.
  explicit TrainingOptions(CLI::App& app);

  // Lays file, environment and command line over the given settings. UsageError for anything unknown or
  // impossible.
  Config apply_to(Config config) const;

 private:
  struct Given {
    std::string key, value, option;
  };
  CLI::Option* setting(CLI::App& app, const std::string& option, const std::string& key,
                       const std::string& type, const std::string& help);

  std::string config_file_;
  std::vector<std::string> assignments_;
  std::vector<Given> given_;  // in the order of the command line
};

// A part of the help of commands that train.
inline constexpr const char* environment_help = R"(

Environment:
  REVNET_DATA
      the folder of the data sets, where the command line does not name one
  REVNET_THREADS
      threads of a training, where the command line does not say how many
  OMP_WAIT_POLICY
      passive: threads sleep while they wait, for machines shared with other work)";

// Answers --describe bash, zsh or man, as the build asks for completions and man pages (exit code 0, or 2 for
// another format). Otherwise parses, and on failure prints one line and returns exit code 2; --help and
// --version return 0. -1: go on.
int parse(CLI::App& app, int argc, char** argv);

// Runs body() and turns what it throws into one line on stderr and the documented exit code; likewise when
// what it wrote to stdout did not get there.
int guarded(const std::string& program, const std::function<int()>& body);

// The command line as one string, for the record.
std::string command_line(int argc, char** argv);

}  // namespace revnet
